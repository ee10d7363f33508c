// Sending a request with the reader's key, and showing what the server answers.

import { el, fill } from "./dom.js";
import { TOKENS } from "./request.js";

/** Characters of a body that are shown. */
const SHOWN = 200_000;

/** What ends the request that is under way: there is one at a time. */
let running = new AbortController();

/** Ends the request that is under way; nothing more of it is shown. */
export function leave() {
  running.abort();
}

/**
 * Sends a request in the place of the one that is under way; the answer appears in `place` while
 * it comes.
 */
export async function send(request, authorization, place) {
  leave();
  const stop = new AbortController();
  running = stop;
  const started = performance.now();
  fill(place, el("p", { class: "quiet" }, "Waiting for the server …"));
  try {
    const answer = await fetch(request.path, {
      method: request.method,
      headers: headersOf(request, authorization),
      body: request.body ?? undefined,
      credentials: "omit",
      cache: "no-store",
      redirect: "manual",
      signal: stop.signal,
    });
    if (!stop.signal.aborted) await show(answer, started, place, stop);
  } catch (cause) {
    if (stop.signal.aborted) return;
    const told = cause instanceof Unsendable ? cause.message : `No answer came: ${cause.message}`;
    fill(place, el("p", { class: "error" }, told));
  }
}

/** A header that the browser does not send, said in words. */
class Unsendable extends Error {}

function headersOf(request, authorization) {
  const headers = new Headers();
  const set = (name, value, what) => {
    try {
      headers.set(name, value);
    } catch {
      const wrong = value.match(/[^\t\x20-\x7e\x80-\xff]/u)?.[0];
      const because = wrong ? `“${wrong}” cannot stand in a header` : "it cannot be a header";
      throw new Unsendable(`Nothing was sent: ${what} cannot be sent, ${because}.`);
    }
  };
  for (const [name, value] of request.headers) set(name, value, name);
  if (authorization) set("Authorization", authorization, "the key");
  return headers;
}

async function show(answer, started, place, stop) {
  const took = Math.round(performance.now() - started);
  const kind = answer.ok ? "good" : "bad";
  const line = el(
    "p", { class: `status ${kind}`, "data-status": answer.status },
    el("strong", {}, `${answer.status} ${answer.statusText}`),
    el("span", { class: "quiet" }, ` ${took} ms`),
  );
  const named = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const headers = el("details", {}, el("summary", {}, "Headers"), el("pre", {}, named));
  const body = el("pre", { class: "answer", tabindex: "0", "aria-label": "Body of the answer" });
  const halt = el("button", { type: "button", class: "quiet", onclick: () => stop.abort() }, "Stop");
  const cut = el("p", { class: "quiet", hidden: true });
  fill(place, line, headers, body, cut, halt);
  let text = "";
  let length = 0;
  try {
    for await (const piece of pieces(answer)) {
      length += piece.length;
      if (text.length < SHOWN) {
        text = (text + piece).slice(0, SHOWN);
        body.textContent = text;
      }
      cut.hidden = length <= SHOWN;
      cut.textContent = `Cut off: the first ${SHOWN} of ${length} characters stand here.`;
    }
  } catch (cause) {
    if (!stop.signal.aborted) halt.before(el("p", { class: "error" }, `The answer broke off: ${cause.message}`));
  }
  halt.remove();
  body.textContent = pretty(answer, text, length <= SHOWN);
  if (text === "") fill(body, el("span", { class: "quiet" }, "The body is empty."));
}

/** The body as it comes. */
async function* pieces(answer) {
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** How far lines are set in at most, in levels: what is deeper would be mostly blanks. */
const DEEPEST = 40;

/** JSON with its lines broken, all else of it copied; anything else as it is. */
export function pretty(answer, text, whole) {
  if (!/[/+]json\b/.test(answer.headers.get("content-type") ?? "")) return text;
  try {
    // Of what was cut off, the rest cannot be asked for.
    if (whole) JSON.parse(text);
  } catch {
    return text;
  }
  return indented(text.match(TOKENS) ?? []);
}

function indented(tokens) {
  let depth = 0;
  const line = () => `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
  return tokens.map((token, index) => {
    const opened = "[{".includes(tokens[index - 1] ?? " ");
    if (token === "]" || token === "}") {
      depth -= 1;
      return opened ? token : line() + token;
    }
    const start = opened ? line() : "";
    if (token === "[" || token === "{") depth += 1;
    if (token === ",") return token + line();
    return start + (token === ":" ? ": " : token);
  }).join("");
}
