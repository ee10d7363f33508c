// One call: what it takes, what it answers, and trying it.

import { choices, copying, el, fill, paragraphs, words } from "./dom.js";
import { field, form } from "./fields.js";
import { authorization, goesWithout, json, keyParts, needsText, parsed, requestOf, secured } from "./request.js";
import { LANGUAGES, sample } from "./samples.js";
import { resolve, tree, typeOf } from "./schema.js";
import { send } from "./send.js";

let language = "curl";

/** Shows a call. `key` gives the reader's key, `lacksKey` is told when one is needed. */
export function showCall(api, call, key, lacksKey) {
  const { said } = call;
  const given = { parameters: {}, mediaType: null };
  const program = el("pre", { class: "program", tabindex: "0", "aria-label": "The request as a program" });
  const inputs = inputsOf(api, call, () => update());
  const update = () => {
    inputs.read(given);
    const request = requestOf(api, call, given);
    program.textContent = sample(language, location.origin, request, api["x-muster-authorization"]);
    return request;
  };
  const answer = el("div", { class: "shown", "aria-live": "polite", id: "answer" });
  const attempt = async (event) => {
    event.preventDefault();
    const request = update();
    if (request.missing.length) {
      fill(answer, el("p", { class: "error" }, `Say first: ${request.missing.join(", ")}`));
      return;
    }
    const token = key();
    if (secured(api, call) && !goesWithout(call) && !token) {
      fill(answer, el("p", { class: "error" }, "This call needs a key: put one in above."));
      lacksKey();
      return;
    }
    const header = secured(api, call) && token ? authorization(api, keyParts(token)) : null;
    await send(request, header, answer);
  };
  const languages = choices("Language", LANGUAGES, language, (chosen) => {
    language = chosen;
    update();
  });
  const element = el(
    "article", { "aria-labelledby": "call-name" },
    heading(call),
    el(
      "div", { class: "halves" },
      el(
        "form", { class: "try", novalidate: true, onsubmit: attempt },
        inputs.elements,
        el("button", { type: "submit", id: "send" }, "Send"),
        el("h3", {}, "Answer"), answer,
      ),
      el(
        "section", { class: "samples", "aria-label": "Samples" },
        el("div", { class: "bar" }, languages, copying(() => program.textContent, "the program")),
        program,
      ),
    ),
    said.requestBody ? bodies(api, said.requestBody) : null,
    answers(api, said.responses),
  );
  fill(answer, el("p", { class: "quiet" }, "What the server answers stands here."));
  update();
  return element;
}

function heading({ method, path, said }) {
  const also = said["x-muster-also-at"] ?? [];
  return [
    el("h2", { id: "call-name" }, said.summary),
    el("p", { class: "line" }, el("span", { class: `method ${method.toLowerCase()}` }, method), " ",
      el("code", { class: "path" }, path)),
    said.description ? paragraphs(said.description) : null,
    also.length ? el("p", { class: "quiet" }, "Also at ", also.flatMap((each) => [el("code", {}, each), " "])) : null,
  ];
}

/** The inputs of a call: parameters, then the body. */
function inputsOf(api, call, changed) {
  const readers = [];
  const groups = [["path", "Path"], ["query", "Query"], ["header", "Headers"]];
  const elements = groups.map(([place, name]) => {
    const all = (call.said.parameters ?? []).filter((each) => each.in === place);
    if (all.length === 0) return null;
    const made = all.map((parameter) => {
      const { name: key, schema, required, description } = parameter;
      const one = field(api, key, schema, required, undefined, changed, description);
      readers.push((given) => { given.parameters[`${place}:${key}`] = one.read(); });
      return [required, one.element];
    });
    return group(name, made);
  });
  if (call.said.requestBody) {
    const body = bodyInput(api, call.said.requestBody, changed);
    readers.push(body.read);
    elements.push(body.element);
  }
  if (readers.length === 0) elements.push(el("p", { class: "quiet" }, "This call takes nothing."));
  const read = (given) => readers.forEach((each) => each(given));
  return { elements, read };
}

/** Many that need not be said are folded. */
function group(name, made) {
  const needed = made.filter(([required]) => required).map(([, element]) => element);
  const others = made.filter(([required]) => !required).map(([, element]) => element);
  const folded = others.length > 3
    ? el("details", { class: "more" }, el("summary", {}, `${others.length} that may be said`), others)
    : others;
  return el("fieldset", {}, el("legend", {}, name), needed, folded);
}

/** The body: by its fields, or as text. */
function bodyInput(api, said, changed) {
  const mediaTypes = Object.keys(said.content);
  const state = { mediaType: mediaTypes[0], mode: "fields" };
  const place = el("div", {});
  let current;
  // `given` is a value, or JSON as it was written.
  const open = (given) => {
    const media = said.content[state.mediaType];
    const plain = needsText(api, media.schema);
    if (state.mode === "fields" && !plain) {
      const value = typeof given === "string" ? parsed(given) : given;
      const inner = form(api, media.schema, typeof value === "object" ? value : undefined, changed);
      current = { element: inner.element, value: () => inner.read() };
    } else {
      current = textInput(given, changed);
    }
    fill(place, current.element);
  };
  const again = () => {
    open(current.value());
    changed();
  };
  const type = mediaTypes.length > 1
    ? choices("Content type", mediaTypes.map((each) => [each, shortOf(each)]), state.mediaType,
      (chosen) => { state.mediaType = chosen; again(); })
    : null;
  const mode = choices("How the body is written", [["fields", "Fields"], ["text", "JSON"]], "fields",
    (chosen) => { state.mode = chosen; again(); });
  open(exampleOf(said, state.mediaType));
  return {
    element: el("fieldset", {}, el("legend", {}, "Body"), el("div", { class: "bar" }, type, mode), place),
    read: (given) => {
      const value = current.value();
      given.mediaType = state.mediaType;
      given.value = value;
      given.text = typeof value === "string" ? value : undefined;
    },
  };
}

const shortOf = (mediaType) => ({
  "application/json": "JSON",
  "application/merge-patch+json": "merge patch",
  "application/yaml": "YAML",
  "application/x-www-form-urlencoded": "form",
})[mediaType] ?? mediaType;

/** What a body begins with: what a real run sent, as JSON where that is known. */
function exampleOf(said, mediaType) {
  const json = said.content["application/json"]?.example;
  const own = said.content[mediaType]?.example;
  const example = typeof own === "object" ? own : json;
  return typeof example === "object" ? example : undefined;
}

function textInput(value, changed) {
  const input = el("textarea", {
    rows: 12, spellcheck: "false", oninput: changed, "aria-label": "The body", class: "code",
  });
  input.value = typeof value === "string" ? value : value === undefined ? "" : json(value);
  // What is sent is what stands here, to the letter.
  return { element: input, value: () => input.value };
}

function bodies(api, said) {
  const [content] = Object.values(said.content);
  return el(
    "section", { class: "told" },
    el("h3", {}, "Body"),
    el("p", { class: "quiet" }, Object.keys(said.content).flatMap((each) => [el("code", {}, each), " "])),
    tree(api, content.schema),
  );
}

/** Every status, with what a real run answered. */
function answers(api, responses) {
  const each = Object.entries(responses).map(([status, reference]) => {
    const said = resolve(api, reference);
    const [mediaType, media] = Object.entries(said.content ?? {})[0] ?? [];
    const headers = Object.entries(said.headers ?? {}).map(([name, header]) => el(
      "li", {}, el("code", { class: "name" }, name), " ", words(resolve(api, header).description ?? ""),
    ));
    return el(
      "details", { class: `answer-${status[0]}` },
      el("summary", {}, el("strong", {}, status), " ", words(said.description)),
      media ? el("p", { class: "quiet" }, el("code", {}, mediaType), " ", typeOf(api, media.schema)) : el("p", { class: "quiet" }, "Without a body."),
      media?.example !== undefined ? example(media.example) : null,
      media ? tree(api, media.schema) : null,
      el("h4", {}, "Headers"), el("ul", { class: "tree" }, headers),
    );
  });
  return el("section", { class: "told" }, el("h3", {}, "Answers"), each);
}

function example(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return el("pre", { tabindex: "0", "aria-label": "An example" }, text);
}

