// The page of the APIs: which one, which call, and the reader's key.

import { copying, el, fill, paragraphs } from "./dom.js";
import { showCall } from "./call.js";
import { leave } from "./send.js";

const DIALECTS = [
  ["native", "Native"],
  ["wonolo", "Wonolo"],
  ["pulse", "Pulse"],
  ["platformos", "platformOS"],
  ["legalesign", "Legalesign"],
];

const place = (id) => document.getElementById(id);
const documents = new Map();
/** The reader's key: kept here and nowhere else. */
let token = "";
let shown = { dialect: null, call: null };

async function documentOf(dialect) {
  if (!documents.has(dialect)) {
    const answer = await fetch(`/openapi/${dialect}.json`);
    if (!answer.ok) throw new Error(`the document of ${dialect}: ${answer.status}`);
    documents.set(dialect, await answer.json());
  }
  return documents.get(dialect);
}

/** The calls of a document, in its order. */
function callsOf(api) {
  return Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(
    ([method, said]) => ({ method: method.toUpperCase(), path, said, id: said.operationId }),
  ));
}

/** A text out of an address; empty for what no text is encoded as. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** `#native/createUser` → the dialect and the call. */
function asked() {
  const [dialect, call] = decoded(location.hash.slice(1)).split("/");
  const known = DIALECTS.some(([name]) => name === dialect);
  return known ? { dialect, call: call ?? null } : { dialect: "native", call: null };
}

async function show() {
  leave();
  const { hash } = location;
  const { dialect, call: id } = asked();
  const api = await documentOf(dialect);
  // A document that came late is not shown in the place of what was asked for since.
  if (location.hash !== hash) return;
  const found = callsOf(api).find((call) => call.id === id) ?? null;
  const name = DIALECTS.find(([each]) => each === dialect)[1];
  document.title = found ? `${found.said.summary} · ${name}` : `${name} · APIs of this server`;
  for (const link of place("dialects").children) {
    link.toggleAttribute("data-chosen", link.dataset.name === dialect);
    if (link.dataset.name === dialect) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (shown.dialect !== dialect) place("search").value = "";
  list(dialect, api, found);
  const main = place("main");
  fill(main, keyPanel(dialect), found
    ? showCall(api, found, () => token, () => place("key").focus())
    : about(dialect, api));
  if (shown.dialect !== null) {
    main.focus({ preventScroll: true });
    if (shown.call !== id || shown.dialect !== dialect) main.scrollIntoView({ block: "start" });
  }
  shown = { dialect, call: id };
}

/** The calls beside the page, those that the search finds. */
function list(dialect, api, found) {
  const wanted = place("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ method, path, said, id }) => {
    const text = [method, path, id, said.summary, ...said.tags].join(" ").toLowerCase();
    return wanted.every((word) => text.includes(word));
  };
  const all = callsOf(api).filter(fits);
  const groups = api.tags.map((tag) => {
    const own = all.filter((call) => call.said.tags.includes(tag.name));
    if (own.length === 0) return null;
    const items = own.map((call) => el("li", {}, el(
      "a", { href: `#${dialect}/${call.id}`, "aria-current": found?.id === call.id ? "page" : null },
      el("span", { class: `method ${call.method.toLowerCase()}` }, call.method), " ",
      el("span", {}, call.said.summary),
    )));
    return el("section", {}, el("h2", {}, tag.name), el("ul", {}, items));
  });
  const none = all.length === 0 ? el("p", { class: "quiet" }, "No call is called so.") : null;
  const count = el("p", { class: "hidden", role: "status" }, wanted.length ? `${all.length} calls` : "");
  const here = el("p", { class: "current" }, el("a", { href: `#${dialect}` }, "About this API"));
  fill(place("calls"), el(
    "details", { open: true, id: "fold" },
    el("summary", {}, "Calls"), here, count, groups, none,
  ));
  if (matchMedia("(max-width: 60rem)").matches && wanted.length === 0) place("fold").open = found === null;
}

function about(dialect, api) {
  return el(
    "article", {},
    el("h1", {}, api.info.title),
    paragraphs(api.info.description),
    el("p", {}, "The same as a document of OpenAPI 3.1: ",
      el("a", { href: `/openapi/${dialect}.json` }, `/openapi/${dialect}.json`)),
  );
}

/** The key, and the command that makes one. */
function keyPanel(dialect) {
  const make = "muster key create --name docs";
  const account = "muster account create --name Acme";
  const input = el("input", {
    id: "key", type: "password", autocomplete: "off", spellcheck: "false",
    placeholder: "its token: id.secret", value: token, "aria-describedby": "key-about",
  });
  const open = el("details", { class: "key", open: token === "" });
  // A form, so that a browser's keeper of passwords knows what it is.
  const keep = el("form", { onsubmit: (event) => event.preventDefault() });
  const state = el("span", { class: "quiet" });
  const told = () => { state.textContent = token ? " · put in" : " · none yet"; };
  input.addEventListener("input", () => { token = input.value.trim(); told(); });
  const command = (text, what) => el(
    "div", { class: "command" }, el("code", {}, text), copying(() => text, what),
  );
  told();
  keep.append(el("label", { for: "key" }, "A key of this server"), input);
  open.append(
    el("summary", {}, "Key", state),
    keep,
    el("p", { id: "key-about", class: "hint" },
      "It stays in this page and is gone with it; it is sent to this server alone."),
    el("p", {}, "Make one on the machine of the server, and put in what it prints as ",
      el("code", {}, "token"), ":"),
    command(make, "the command"),
  );
  if (dialect === "pulse") {
    open.append(el("p", {}, "Each call happens in an account:"), command(account, "the command"));
  }
  return open;
}

function begin() {
  fill(place("dialects"), DIALECTS.map(([name, text]) => el(
    "a", { href: `#${name}`, "data-name": name }, text,
  )));
  place("search").addEventListener("input", async () => {
    const { dialect, call: id } = asked();
    const api = await documentOf(dialect);
    list(dialect, api, callsOf(api).find((call) => call.id === id) ?? null);
  });
  // The address names a call, not a place of the page.
  place("skip").addEventListener("click", (event) => {
    event.preventDefault();
    place("main").focus();
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    place("search").focus();
  });
  const run = () => show().catch((cause) => {
    fill(place("main"), el("p", { class: "error" }, `This page cannot be shown: ${cause.message}`));
  });
  addEventListener("hashchange", run);
  run();
}

begin();
