/**
 * Writes `src/generated/contract.ts`: the types of everything that travels, from the committed contracts.
 *
 *   node scripts/contract-types.mjs            writes the file
 *   node scripts/contract-types.mjs --check    fails if the file is not what the contracts say
 *
 * - Every schema of the two documents becomes a type of its name; what both describe must be the same in both.
 * - Frames make two unions, `ClientFrame` and `ServerFrame`, told apart by `type`. Calls make one type, `Routes`, by method and path.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { compile } from "json-schema-to-typescript";

const contracts = new URL("../../../../docs/contracts/", import.meta.url);
const target = fileURLToPath(new URL("../src/generated/contract.ts", import.meta.url));

const REST = "/api/v1";
const REFERENCE = "#/components/schemas/";
const METHODS = ["get", "post", "put", "patch", "delete"];
/** What the compiler adds to each description. */
const ADDED = /( *\*\n)? *\* This interface was referenced by `\w+`'s JSON-Schema.*\n *\* via the `\w+` ".*"\.\n/g;

const [socket, rest] = await Promise.all(["asyncapi", "openapi"].map((name) => read(name)));
const text = await typesOf({
  ...merged(definitionsOf(socket), definitionsOf(rest)),
  ClientFrame: framesOf(socket, "client", "What the client sends."),
  ServerFrame: framesOf(socket, "server", "What the server sends."),
  Routes: routesOf(rest),
});
if (!process.argv.includes("--check")) {
  await writeFile(target, text);
} else if ((await readFile(target, "utf8").catch(() => "")) !== text) {
  console.error("src/generated/contract.ts is not what docs/contracts says: run `npm run contracts -w parlour-client` and commit what it writes");
  process.exit(1);
}

async function read(name) {
  return JSON.parse(await readFile(new URL(`${name}.json`, contracts), "utf8"));
}

function definitionsOf(document) {
  return Object.fromEntries(Object.entries(document.components.schemas).map(([name, schema]) => [name, plain(schema)]));
}

/** The definitions of both documents. */
function merged(one, other) {
  for (const [name, schema] of Object.entries(other)) {
    if (name in one && !isDeepStrictEqual(one[name], schema)) throw new Error(`the contracts disagree about ${name}`);
  }
  return { ...other, ...one };
}

/**
 * A schema as the compiler of types reads it best: references beside other words in the form of the older draft, texts
 * as they are, and no conditions. A field that only some kinds have is optional for whoever reads all kinds.
 */
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== "object" || schema === null) return schema;
  const { $ref, allOf = [], pattern: _, examples: __, ...words } = schema;
  const parts = allOf.filter((part) => part.if === undefined).map(plain);
  if ($ref !== undefined) parts.unshift({ $ref: $ref.replace(REFERENCE, "#/definitions/") });
  const { description, ...own } = Object.fromEntries(Object.entries(words).map(([word, value]) => [word, plainWord(word, value)]));
  // Without a word about its type, anything goes.
  if (parts.length === 0) return { ...(description && { description }), ...(Object.keys(own).length > 0 ? own : { tsType: "unknown" }) };
  if (Object.keys(own).length > 0) parts.push(own);
  return description || parts.length > 1 ? { ...(description && { description }), allOf: parts } : parts[0];
}

/** In `properties` the names are those of fields, not words of the schema; a default is a value and no schema. */
function plainWord(word, value) {
  if (word === "default") return value;
  if (word !== "properties" && word !== "patternProperties") return plain(value);
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, plain(schema)]));
}

function framesOf(document, sender, description) {
  const messages = Object.entries(document.components.messages).filter(([name]) => name.startsWith(`${sender}.`));
  return { description, oneOf: messages.map(([, { payload }]) => plain(payload)) };
}

/** By method and path: what a call takes and what it answers when all is well. */
function routesOf({ paths }) {
  const routes = Object.entries(paths)
    .filter(([path]) => path.startsWith(`${REST}/`))
    .flatMap(([path, methods]) => METHODS.filter((method) => method in methods).map((method) => [method, path, methods[method]]));
  const entries = routes.map(([method, path, operation]) => [`${method.toUpperCase()} ${path.slice(REST.length)}`, routeOf(operation)]);
  return object("Every call: by its method and path, what it takes and what it answers.", entries, entries.map(([name]) => name));
}

function routeOf({ summary, parameters, requestBody, responses }) {
  const named = (place) => parameters.filter((parameter) => parameter.in === place);
  const [key] = named("header");
  const parts = [
    ["path", parametersOf(named("path")), true],
    ["query", parametersOf(named("query")), false],
    ["key", key && { type: "string", description: "The `Idempotency-Key`: makes a repeated call the same call." }, key?.required === true],
    ["body", contentOf(requestBody), true],
    ["answer", contentOf(Object.entries(responses).find(([status]) => status.startsWith("2"))?.[1]) ?? { tsType: "undefined" }, true],
  ].filter(([, schema]) => schema !== undefined);
  return object(summary, parts.map(([name, schema]) => [name, schema]), parts.filter(([, , isRequired]) => isRequired).map(([name]) => name));
}

function contentOf(message) {
  const schema = message?.content?.["application/json"]?.schema;
  return schema && plain(schema);
}

function parametersOf(parameters) {
  if (parameters.length === 0) return undefined;
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  return object(undefined, parameters.map(({ name, schema }) => [name, plain(schema)]), required);
}

function object(description, entries, required) {
  return { ...(description && { description }), type: "object", properties: Object.fromEntries(entries), required };
}

/** The file: a type for each definition. */
async function typesOf(definitions) {
  const bannerComment = [
    "/**",
    " * What travels between clients and a server, as the contracts in `docs/contracts` say.",
    " *",
    " * Written by `npm run contracts -w parlour-client`; what is wrong here is wrong there.",
    " */",
  ].join("\n");
  const parts = Object.keys(definitions).filter((name) => ["ClientFrame", "ServerFrame", "Routes"].includes(name));
  const whole = object("The whole contract.", parts.map((name) => [name, { $ref: `#/definitions/${name}` }]), parts);
  const text = await compile({ ...whole, definitions }, "Contract", {
    additionalProperties: false,
    bannerComment,
    format: true,
    ignoreMinAndMaxItems: true,
    style: { printWidth: 160 },
    unreachableDefinitions: true,
  });
  return text.replaceAll(ADDED, "").replaceAll("/**\n */\n", "");
}
