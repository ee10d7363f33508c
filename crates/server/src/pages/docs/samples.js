// The same request as a program: in each, the key comes from the environment.

/** The languages, and how each is shown. */
export const LANGUAGES = [
  ["curl", "curl"],
  ["python", "Python"],
  ["javascript", "JavaScript"],
  ["ruby", "Ruby"],
  ["go", "Go"],
];

/** The variables of the environment that hold a key's parts. */
const NAMES = { token: "MUSTER_KEY", id: "MUSTER_KEY_ID", secret: "MUSTER_KEY_SECRET" };

/** `Authorization` as pieces: texts, and the names of variables. */
function pieces(template) {
  const parts = template.split(/(\{(?:token|id|secret)\})/).filter((each) => each !== "");
  return parts.map((part) => (part.startsWith("{") ? { variable: NAMES[part.slice(1, -1)] } : part));
}

/** A program that makes a request. `template` is how a key stands in `Authorization`. */
export function sample(language, origin, request, template) {
  const url = origin + request.path;
  const key = request.secured ? pieces(template) : null;
  const write = { curl, python, javascript, ruby, go }[language];
  return write(url, request, key);
}

/** A text in double quotes. U+FEFF is escaped: Go takes none inside a program. */
const quoted = (text) => JSON.stringify(text).replaceAll("\ufeff", "\\ufeff");
const joined = (key, text, variable) => key.map((each) => (each.variable ? variable(each.variable) : text(each))).join("");

const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(url, { method, headers, body }, key) {
  const lines = [`curl -X ${method} ${shell(url)}`];
  if (key) lines.push(`-H "Authorization: ${joined(key, (text) => text, (name) => `$${name}`)}"`);
  for (const [name, value] of headers) lines.push(`-H ${shell(`${name}: ${value}`)}`);
  if (body !== null) lines.push(`--data-raw ${shell(body)}`);
  return lines.join(" \\\n  ");
}

function python(url, { method, headers, body }, key) {
  const secret = key && joined(key, (text) => text, (name) => `{os.environ['${name}']}`);
  const all = [
    ...(key ? [`        "Authorization": f"${secret}",`] : []),
    ...headers.map(([name, value]) => `        ${quoted(name)}: ${quoted(value)},`),
  ];
  return [
    ...(key ? ["import os", ""] : []),
    "import requests",
    "",
    "response = requests.request(",
    `    ${quoted(method)},`,
    `    ${quoted(url)},`,
    ...(all.length ? ["    headers={", ...all, "    },"] : []),
    ...(body !== null ? [`    data=${quoted(body)}.encode(),`] : []),
    ")",
    "print(response.status_code, response.text)",
  ].join("\n");
}

function javascript(url, { method, headers, body }, key) {
  const secret = key && joined(key, (text) => text, (name) => `\${process.env.${name}}`);
  const all = [
    ...(key ? [`    Authorization: \`${secret}\`,`] : []),
    ...headers.map(([name, value]) => `    ${quoted(name)}: ${quoted(value)},`),
  ];
  return [
    `const response = await fetch(${quoted(url)}, {`,
    `  method: ${quoted(method)},`,
    ...(all.length ? ["  headers: {", ...all, "  },"] : []),
    ...(body !== null ? [`  body: ${quoted(body)},`] : []),
    "});",
    "console.log(response.status, await response.text());",
  ].join("\n");
}

const rubyText = (text) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function ruby(url, { method, headers, body }, key) {
  const secret = key && joined(key, (text) => text, (name) => `#{ENV.fetch("${name}")}`);
  const verb = method[0] + method.slice(1).toLowerCase();
  return [
    'require "net/http"',
    "",
    `uri = URI(${rubyText(url)})`,
    `request = Net::HTTP::${verb}.new(uri)`,
    ...(key ? [`request["Authorization"] = "${secret}"`] : []),
    ...headers.map(([name, value]) => `request[${rubyText(name)}] = ${rubyText(value)}`),
    ...(body !== null ? [`request.body = ${rubyText(body)}`] : []),
    'secure = uri.scheme == "https"',
    "response = Net::HTTP.start(uri.hostname, uri.port, use_ssl: secure) { |http| http.request(request) }",
    "puts response.code, response.body",
  ].join("\n");
}

function go(url, { method, headers, body }, key) {
  const secret = key && key
    .map((each) => (each.variable ? `os.Getenv(${quoted(each.variable)})` : quoted(each)))
    .join(" + ");
  const imports = ["fmt", "io", "net/http", ...(key ? ["os"] : []), ...(body !== null ? ["strings"] : [])];
  const check = ["\tif err != nil {", "\t\tpanic(err)", "\t}"];
  return [
    "package main",
    "",
    "import (",
    ...imports.map((name) => `\t${quoted(name)}`),
    ")",
    "",
    "func main() {",
    ...(body !== null ? [`\tbody := strings.NewReader(${quoted(body)})`] : []),
    `\trequest, err := http.NewRequest(${quoted(method)}, ${quoted(url)}, ${body !== null ? "body" : "nil"})`,
    ...check,
    ...(key ? [`\trequest.Header.Set("Authorization", ${secret})`] : []),
    ...headers.map(([name, value]) => `\trequest.Header.Set(${quoted(name)}, ${quoted(value)})`),
    "\tresponse, err := http.DefaultClient.Do(request)",
    ...check,
    "\tdefer response.Body.Close()",
    "\tanswer, err := io.ReadAll(response.Body)",
    ...check,
    "\tfmt.Println(response.StatusCode, string(answer))",
    "}",
  ].join("\n");
}
