// What schemas say, in words, and as a tree of fields.

import { el, words } from "./dom.js";

/** A schema with its reference followed; what stands beside the reference counts. */
export function resolve(api, schema) {
  if (!schema || !schema.$ref) return schema ?? {};
  const { $ref, ...beside } = schema;
  const found = $ref.slice(2).split("/").reduce((at, name) => at[name], api);
  return { ...resolve(api, found), ...beside };
}

/** The name of what a schema refers to. */
export function nameOf(schema) {
  return schema?.$ref?.split("/").pop();
}

/** The types that a schema names. */
export function types(schema) {
  return [schema.type ?? []].flat();
}

/** The alternatives of a schema, without null. */
export function alternatives(api, schema) {
  const all = resolve(api, schema).anyOf ?? [];
  return all.filter((each) => each.type !== "null");
}

/** The alternative that says most: what a form is made of. */
export function plain(api, schema) {
  const own = resolve(api, schema);
  if (!own.anyOf || own.properties) return own;
  const [first] = alternatives(api, schema);
  const { anyOf, ...beside } = own;
  return { ...resolve(api, first), ...beside };
}

/** Whether a schema names fields. */
export function isObject(api, schema) {
  const own = resolve(api, schema);
  return Boolean(own.properties);
}

/** Formats by the words that people have for them. */
const FORMATS = {
  "date-time": "date-time", "idn-email": "email address", "iso-8601": "date-time or date",
  password: "secret text", "web-address": "URL", account: "text", phone: "phone number", timezone: "time zone",
};

/** The type of a schema, in words. */
export function typeOf(api, schema) {
  const name = nameOf(schema);
  const own = resolve(api, schema);
  if (own.const !== undefined) return JSON.stringify(own.const);
  if (own.anyOf && !own.properties) {
    return own.anyOf.map((each) => typeOf(api, each)).join(" or ");
  }
  const of = types(own).map((type) => {
    if (type === "array") return `list of ${typeOf(api, own.items)}`;
    if (type === "object" && name) return name;
    if (type === "string") return own.enum ? "one of" : FORMATS[own.format] ?? "text";
    return type;
  });
  return of.join(" or ") || "anything";
}

/** The limits of a schema, in words. */
export function limits(api, schema) {
  const own = plain(api, schema);
  const said = [];
  const wide = (number) => Math.abs(number) > 2 ** 52;
  if (own.minLength > 1) said.push(`at least ${own.minLength} characters`);
  if (own.maxLength) said.push(`at most ${own.maxLength} characters`);
  if (own.minimum !== undefined && !wide(own.minimum)) said.push(`from ${own.minimum}`);
  if (own.maximum !== undefined && !wide(own.maximum)) said.push(`to ${own.maximum}`);
  if (own.maxItems) said.push(`at most ${own.maxItems}`);
  if (own.pattern) said.push(["matches ", el("code", {}, own.pattern)]);
  const unless = resolve(api, schema).default;
  if (unless !== undefined) said.push(`${unless} unless said`);
  return said.flatMap((each, index) => (index ? [" · ", each] : [each])).flat();
}

/** The values that a schema takes, all of them; many stand folded. */
function values(own) {
  const all = (own.enum ?? own.items?.enum ?? []).filter((each) => each !== null && each !== "");
  if (all.length === 0) return null;
  const shown = all.flatMap((each) => [el("code", {}, String(each)), " "]);
  if (all.length <= 12) return el("p", { class: "values" }, shown);
  return el("details", { class: "values" }, el("summary", {}, `${all.length} values`), shown);
}

/** Everything that a schema says of one value. */
export function said(api, schema) {
  const own = resolve(api, schema);
  const bounds = limits(api, schema);
  return [
    el("span", { class: "type" }, typeOf(api, schema)),
    bounds.length ? el("span", { class: "limits" }, " · ", bounds) : null,
    own.description ? el("p", { class: "about" }, words(own.description)) : null,
    values({ ...plain(api, schema), items: resolve(api, plain(api, schema).items) }),
  ];
}

/** The fields of an object, those inside them folded. */
export function tree(api, schema, depth = 0) {
  const own = resolve(api, schema);
  if (own.anyOf && !own.properties) {
    const kinds = alternatives(api, schema).filter((each) => isObject(api, each));
    if (kinds.length > 1) {
      return el("div", { class: "alternatives" }, kinds.map((each, index) => el(
        "details", { open: index === 0 && depth === 0 },
        el("summary", {}, nameOf(each) ?? `Alternative ${index + 1}`),
        tree(api, each, depth + 1),
      )));
    }
    return kinds.length ? tree(api, kinds[0], depth) : el("p", {}, said(api, schema));
  }
  if (types(own).includes("array")) {
    return el("div", {}, el("p", { class: "type" }, typeOf(api, schema)), inside(api, own.items, depth));
  }
  if (!own.properties) return el("p", {}, said(api, schema));
  const rows = Object.entries(own.properties).map(([name, field]) => el(
    "li", {},
    el("code", { class: "name" }, name), " ",
    own.required?.includes(name) ? el("span", { class: "required" }, "always ") : null,
    said(api, field),
    inside(api, inner(api, field), depth),
  ));
  return el("ul", { class: "tree" }, rows);
}

/** What a field holds that has fields of its own. */
function inner(api, field) {
  const own = plain(api, field);
  return types(own).includes("array") ? own.items : field;
}

function inside(api, schema, depth) {
  if (depth > 3 || !schema) return null;
  const own = plain(api, schema);
  if (!own.properties) return null;
  const name = nameOf(schema) ?? nameOf(alternatives(api, schema)[0]) ?? "its fields";
  return el("details", {}, el("summary", {}, name), tree(api, schema, depth + 1));
}
