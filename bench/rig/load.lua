-- A wrk script: one request template, filled anew for each request, and one line of JSON at the
-- end. From the environment: METHOD, PATH_TEMPLATE, HEADERS and BODY (files), LISTS
-- (name=file, separated by spaces), RUN, SEED. Placeholders: see operations.py.
local lists, counted, thread_count = {}, 0, 0

local function slurp(file)
  if not file or file == "" then return "" end
  local handle = assert(io.open(file, "rb"))
  local text = handle:read("*a")
  handle:close()
  return text
end

-- Literal texts and placeholders in turn, so that filling is one concatenation.
local function split(template)
  local parts, from = {}, 1
  while true do
    local first, last, name = template:find("<(%l+)>", from)
    if not first then break end
    parts[#parts + 1] = template:sub(from, first - 1)
    parts[#parts + 1] = { name }
    from = last + 1
  end
  parts[#parts + 1] = template:sub(from)
  return parts
end

local function value(name)
  if name == "n" then return thread_number .. "n" .. counted end
  if name == "run" then return os.getenv("RUN") end
  if name == "d" then return string.format("%02d", math.random(0, 99)) end
  local list = lists[name]
  return list[math.random(#list)]
end

local function fill(parts)
  local filled = {}
  for index = 1, #parts do
    local part = parts[index]
    filled[index] = type(part) == "table" and value(part[1]) or part
  end
  return table.concat(filled)
end

function setup(thread)
  thread_count = thread_count + 1
  thread:set("thread_number", thread_count)
end

function init()
  math.randomseed(tonumber(os.getenv("SEED")) + thread_number)
  for name, file in (os.getenv("LISTS") or ""):gmatch("(%l+)=(%S+)") do
    local list = {}
    for line in io.lines(file) do list[#list + 1] = line end
    lists[name] = list
  end
  path = split(os.getenv("PATH_TEMPLATE"))
  head = " HTTP/1.1\r\nhost: " .. wrk.host .. ":" .. wrk.port .. "\r\n" .. slurp(os.getenv("HEADERS"))
  body = slurp(os.getenv("BODY"))
  body = body ~= "" and split(body) or nil
  method = os.getenv("METHOD") .. " "
end

function request()
  counted = counted + 1
  if not body then return method .. fill(path) .. head .. "\r\n" end
  local text = fill(body)
  return method .. fill(path) .. head .. "content-length: " .. #text .. "\r\n\r\n" .. text
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"bytes":%d,' ..
    '"refused":%d,"broken":%d,"late":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write, errors.timeout))
end
