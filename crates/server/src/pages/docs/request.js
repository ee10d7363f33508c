// What is asked, from what the form holds.

import { types, resolve } from "./schema.js";

/** The tokens of JSON, white space left out; a text that is cut off may end the last. */
export const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|[{}[\],:]|[^\s"{}[\],:]+/gs;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** JSON that goes out as it was written: a number of JavaScript would be another one. */
export class Exact {
  constructor(text) {
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/** The number that a text says, to its last digit; undefined where it says none. */
export function numberOf(text) {
  if (!NUMBER.test(text)) return undefined;
  return String(Number(text)) === text ? Number(text) : new Exact(text);
}

/** What JSON says, its numbers to their last digit; undefined for what is no JSON. */
export function parsed(text) {
  try {
    JSON.parse(text);
    return valueOf(text.match(TOKENS).values());
  } catch {
    return undefined;
  }
}

/** The value that begins with the next token; undefined at the end of a list. */
function valueOf(tokens) {
  const token = tokens.next().value;
  if (token === "]" || token === "}") return undefined;
  if (token === "," || token === ":") return valueOf(tokens);
  if (token !== "[" && token !== "{") return numberOf(token) ?? JSON.parse(token);
  const all = [];
  for (let each = valueOf(tokens); each !== undefined; each = valueOf(tokens)) {
    all.push(token === "[" ? each : [each, valueOf(tokens)]);
  }
  return token === "[" ? all : Object.fromEntries(all);
}

/** A value as JSON, its lines broken. */
export function json(value, indent = "") {
  if (value instanceof Exact) return value.text;
  if (isPlain(value)) return JSON.stringify(value);
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const all = Array.isArray(value)
    ? value.map((each) => json(each, inner))
    : Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${json(each, inner)}`);
  return all.length ? `${open}\n${inner}${all.join(`,\n${inner}`)}\n${indent}${close}` : open + close;
}

/** `a=b&c[d]=e`: nested by brackets, as Rails reads it. */
export function encodeForm(value, prefix = "") {
  const pairs = Object.entries(value ?? {}).flatMap(([name, given]) => {
    const inner = given instanceof Exact ? parsed(given.text) : given;
    const path = prefix ? `${prefix}[${name}]` : name;
    if (Array.isArray(inner)) {
      return inner.flatMap((each, index) => pair(each, isPlain(each) ? `${path}[]` : `${path}[${index}]`));
    }
    return pair(inner, path);
  });
  return pairs.filter((each) => each !== "").join("&");
}

const isPlain = (value) => value === null || typeof value !== "object" || value instanceof Exact;

function pair(value, path) {
  if (!isPlain(value)) return encodeForm(value, path);
  const name = encodeURIComponent(path).replaceAll("%5B", "[").replaceAll("%5D", "]");
  return `${name}=${encodeURIComponent(value ?? "")}`;
}

/** The value of a parameter as it is written into a path, query or header. */
function written(value) {
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/**
 * The request that a call makes: `method`, `path` with its query, `headers` and `body`. Places in
 * the path that nothing was said for are in `missing`.
 */
export function requestOf(api, call, given) {
  const missing = [];
  const path = call.path.replace(/\{([^}]+)\}/g, (place, name) => {
    const value = given.parameters[`path:${name}`];
    if (value === undefined) {
      missing.push(name);
      return place;
    }
    return encodeURIComponent(String(value));
  });
  const query = [];
  const headers = [];
  for (const parameter of call.said.parameters ?? []) {
    const value = given.parameters[`${parameter.in}:${parameter.name}`];
    if (value === undefined) continue;
    const text = written(value).map(encodeURIComponent).join(",");
    if (parameter.in === "query") query.push(`${encodeURIComponent(parameter.name)}=${text}`);
    if (parameter.in === "header") headers.push([parameter.name, written(value).join(",")]);
  }
  const body = bodyOf(given);
  if (body !== null) headers.push(["Content-Type", given.mediaType]);
  const end = query.length ? `?${query.join("&")}` : "";
  return { method: call.method, path: path + end, headers, body, missing, secured: secured(api, call) };
}

function bodyOf(given) {
  if (!given.mediaType) return null;
  if (given.mediaType !== "application/x-www-form-urlencoded") {
    // JSON is YAML, too.
    return given.text ?? json(given.value);
  }
  const value = given.text === undefined ? given.value : parsed(given.text);
  return isPlain(value) ? given.text ?? "" : encodeForm(value);
}

/** Whether a call takes a credential. */
export function secured(api, call) {
  return (call.said.security ?? api.security).length > 0;
}

/** Whether a call goes without the credential that it takes. */
export function goesWithout(call) {
  return (call.said.security ?? []).some((scheme) => Object.keys(scheme).length === 0);
}

/** The parts of a key as it is given: `id.secret`. */
export function keyParts(token) {
  const dot = token.indexOf(".");
  const id = dot < 0 ? token : token.slice(0, dot);
  return { token, id, secret: dot < 0 ? "" : token.slice(dot + 1) };
}

/** What `Authorization` says for a key. */
export function authorization(api, parts) {
  return api["x-muster-authorization"].replace(/\{(token|id|secret)\}/g, (_, name) => parts[name]);
}

/** Whether a body of a call is a list or a text, which no form is made for. */
export function needsText(api, schema) {
  const own = resolve(api, schema);
  return types(own).includes("array") || types(own).includes("string");
}
