// A form that a schema asks for, and the value that it is filled in with.

import { el, fill, words } from "./dom.js";
import { Exact, json, numberOf, parsed } from "./request.js";
import { alternatives, isObject, limits, nameOf, plain, resolve, typeOf, types } from "./schema.js";

let made = 0;
const fresh = () => `field-${(made += 1)}`;

/**
 * A form for a schema, filled in with `value`. It has `element`, and `read()`: what it is filled
 * in with; what is left empty is not there.
 */
export function form(api, schema, value, changed) {
  const kinds = alternatives(api, schema).filter((each) => isObject(api, each));
  if (kinds.length > 1) return choice(api, kinds, value, changed);
  return object(api, kinds[0] ?? schema, value ?? {}, changed);
}

/** A form for one of several objects. */
function choice(api, kinds, value, changed) {
  const start = Math.max(kinds.findIndex((kind) => fits(api, kind, value)), 0);
  const place = el("div", {});
  let inner;
  const show = (index, given) => {
    inner = object(api, kinds[index], given ?? {}, changed);
    fill(place, inner.element);
  };
  const id = fresh();
  const names = kinds.map((kind, index) => nameOf(kind) ?? labelled(api, kind) ?? `Form ${index + 1}`);
  const select = el(
    "select", { id, onchange: () => { show(Number(select.value), inner.read()); changed(); } },
    names.map((name, index) => el("option", { value: index, selected: index === start }, name)),
  );
  show(start, value);
  const label = el("label", { for: id }, "Which");
  return {
    element: el("div", {}, el("div", { class: "field" }, label, select), place),
    read: () => inner.read(),
  };
}

/** What an alternative without a name is called: its first field. */
function labelled(api, kind) {
  const [first] = Object.keys(resolve(api, kind).properties ?? {});
  return first && `under ${first}`;
}

/** Whether a value looks like an alternative. */
function fits(api, kind, value) {
  const own = resolve(api, kind);
  const fields = Object.entries(own.properties ?? {});
  const told = fields.every(([name, field]) => {
    const only = resolve(api, field).const;
    return only === undefined || !value || !(name in value) || value[name] === only;
  });
  return told && (own.required ?? []).every((name) => value && name in value);
}

function object(api, schema, value, changed) {
  const own = resolve(api, schema);
  const fields = Object.entries(own.properties ?? {}).map(([name, field]) => {
    const required = own.required?.includes(name);
    return [name, one(api, name, field, required, value?.[name], changed)];
  });
  const [first, rest] = split(fields, own, value);
  const more = rest.length
    ? el("details", { class: "more" }, el("summary", {}, `${rest.length} more fields`), rest)
    : null;
  const read = () => {
    const result = {};
    for (const [name, field] of fields) {
      const inner = field.read();
      if (inner !== undefined) result[name] = inner;
    }
    return result;
  };
  return { element: el("div", { class: "fields" }, first, more), read };
}

/** Those that are required or filled in stand first, the others folded. */
function split(fields, own, value) {
  const wanted = ([name]) => own.required?.includes(name) || value?.[name] !== undefined;
  const first = fields.filter(wanted);
  const rest = fields.filter((each) => !wanted(each));
  const elements = (list) => list.map(([, field]) => field.element);
  if (first.length === 0 || rest.length < 3) return [elements(fields), []];
  return [elements(first), elements(rest)];
}

/** One field: an object as a group, all else as one control. */
function one(api, name, schema, required, value, changed) {
  const own = plain(api, schema);
  const kinds = alternatives(api, schema).filter((each) => isObject(api, each));
  if (own.properties || kinds.length > 1) {
    const inner = form(api, schema, value, changed);
    const legend = el("legend", {}, el("code", {}, name), required ? " *" : null);
    const read = () => {
      const given = inner.read();
      return Object.keys(given).length || required ? given : undefined;
    };
    return { element: el("fieldset", {}, legend, inner.element), read };
  }
  return field(api, name, schema, required, value, changed);
}

/** A control with its label and what is said of it. */
export function field(api, name, schema, required, value, changed, description) {
  const id = fresh();
  const control = controlOf(api, schema, value, changed);
  control.input.id = id;
  control.input.setAttribute("aria-describedby", `${id}-about`);
  if (required) control.input.setAttribute("aria-required", "true");
  const own = resolve(api, schema);
  const about = description ?? own.description;
  const bounds = limits(api, schema);
  const hint = el(
    "p", { id: `${id}-about`, class: "hint" },
    el("span", { class: "type" }, typeOf(api, schema)),
    bounds.length ? [" · ", bounds] : null,
    about ? [" · ", words(about)] : null,
  );
  const label = el("label", { for: id }, el("code", {}, name), required ? " *" : null);
  return { element: el("div", { class: "field" }, label, control.input, hint), read: control.read };
}

function controlOf(api, schema, value, changed) {
  const own = plain(api, schema);
  const listed = types(own).includes("array");
  const items = listed ? plain(api, own.items) : {};
  if (own.const !== undefined) return selecting([own.const], value ?? own.const, changed);
  const none = nullable(api, schema) ? [null] : [];
  if (own.enum) return selecting([...own.enum.filter((each) => each !== null && each !== ""), ...none], value, changed);
  if (types(own).includes("boolean")) return selecting([true, false, ...none], value, changed);
  if (listed && !items.properties && !items.additionalProperties) return writingList(items, value, changed);
  if (listed || types(own).includes("object") || types(own).length === 0) return writingJson(value, changed);
  return writing(own, value, changed);
}

/** Whether a value may be null, which a merge patch says to take it away. */
function nullable(api, schema) {
  const own = resolve(api, schema);
  const told = types(own).includes("null") || own.enum?.includes(null);
  return told || (own.anyOf ?? []).some((each) => nullable(api, each));
}

function selecting(options, value, changed) {
  const input = el(
    "select", { onchange: changed }, el("option", { value: "" }, ""),
    options.map((each, index) => el("option", { value: index, selected: each === value }, String(each))),
  );
  return { input, read: () => (input.value === "" ? undefined : options[Number(input.value)]) };
}

/** A text as the type that is asked for; what cannot be one stays a text, for the server to say. */
function typed(own, text) {
  const of = types(own);
  if (of.includes("null") && text === "null") return null;
  const number = of.includes("integer") || of.includes("number");
  return (number && !of.includes("string") ? numberOf(text) : undefined) ?? text;
}

function writing(own, value, changed) {
  const hidden = own.format === "password";
  const shown = value === undefined ? "" : value === null ? "null" : String(value);
  const attributes = { autocomplete: "off", spellcheck: "false", oninput: changed };
  const input = el("input", { type: "text", ...attributes, value: shown });
  if (hidden) input.setAttribute("data-secret", "");
  return { input, read: () => (input.value === "" ? undefined : typed(own, input.value)) };
}

/** A list, its items separated by commas. */
function writingList(items, value, changed) {
  const shown = Array.isArray(value) ? value.join(", ") : "";
  const input = el("input", { type: "text", autocomplete: "off", oninput: changed, value: shown });
  input.placeholder = "separated by commas";
  const read = () => {
    const texts = input.value.split(",").map((each) => each.trim()).filter((each) => each !== "");
    return texts.length ? texts.map((each) => typed(items, each)) : undefined;
  };
  return { input, read };
}

/** What has no control of its own is written as JSON; what is none is sent as the text it is. */
function writingJson(value, changed) {
  const shown = value === undefined ? "" : json(value);
  const input = el("textarea", { rows: 3, spellcheck: "false", oninput: changed });
  input.value = shown;
  input.placeholder = "JSON";
  const read = () => {
    if (input.value.trim() === "") return undefined;
    return parsed(input.value) === undefined ? input.value : new Exact(input.value);
  };
  return { input, read };
}
