// Finds the order and the names by which gzip makes least of a script: some 5 % less than any other.
//
// - What does nothing when it is declared may stand in any order, and gzip finds more repeats in some.
// - Which short name stands for what is all the same to the script, but not to gzip. That goes for what
//   is declared within functions as well: two things may share a name unless one would hide the other
//   where it is used.
// packing.json holds a good choice of both, by the sources' names, which build.mjs --search finds anew;
// what is new since stands behind it, and takes names that are free.
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { parse } from "acorn";

const packingFile = new URL("packing.json", import.meta.url);
const LETTERS = [..."etrnaoilsucdpfmghvwyxbkjqzETRNAOILSUCDPFMGHVWYXBKJQZ$_"];
const FIGURES = [..."0123456789"];
const RESERVED = new Set(["as", "do", "if", "in", "is", "of"]);
/** The shortest first: more than there are things at the beginning of the script. */
const SHORT_NAMES = [...LETTERS, ...LETTERS.flatMap((one) => [...LETTERS, ...FIGURES].map((other) => one + other))]
  .filter((name) => !RESERVED.has(name))
  .slice(0, 400);
const ECMA = { ecmaVersion: 2020 };

/** A name of the script's that is yet to be chosen, as it stands in what this module is given. */
export const unnamed = (name) => `${name.replace(/^\$?/, "$$")}$`;
const isUnnamed = (name) => /^\$.+\$$/.test(name);
const UNNAMED = /(?<![\w$])\$[\w$]+?\$(?![\w$])/g;

/** `code`, a block that begins with one `let` of unnamed things, packed; seeks better for `search_s`. */
export async function packed(code, search_s = 0) {
  const { uses, props } = usesIn(parse(code, ECMA));
  const own = unnamedLocals(uses);
  const clashes = clashesOf(uses, props, own);
  const parts = partsOf(withNames(code, uses, own));
  const known = JSON.parse(await readFile(packingFile, "utf8"));
  const place = ({ name }) => (known.order.indexOf(name) + 1 || known.order.length + 1);
  parts.movable.sort((one, other) => place(one) - place(other));
  let best = { movable: parts.movable, names: namesFor(parts, clashes, known.names) };
  if (search_s) {
    best = searched(parts, clashes, best, search_s);
    const packing = { order: best.movable.map(({ name }) => name), names: best.names };
    await writeFile(packingFile, `${JSON.stringify(packing, null, 1)}\n`);
  }
  const all = joinedText(parts, best.movable);
  const text = all.replace(UNNAMED, (name) => best.names[name]);
  if (`${meanings(text)}` !== `${meanings(all)}`) throw new Error("a name hides another: a mistake of clashesOf");
  return text;
}

/** What every name of a script stands for: the number of what it was declared as, or a name that is the browser's. */
function meanings(code) {
  const numbers = new Map();
  return usesIn(parse(code, ECMA)).uses.map(({ node, scopes }) => {
    const own = declared(node, scopes);
    if (own && !numbers.has(own)) numbers.set(own, numbers.size);
    return own ? numbers.get(own) : node.name;
  });
}

const declared = ({ name }, scopes) => scopes.find(({ own }) => own.has(name))?.own.get(name);

/** A name for everything that is declared: its own, or a new one for what a minifier named within functions. */
function unnamedLocals(uses) {
  const counts = new Map();
  const names = new Map();
  for (const { node, scopes, owner } of uses) {
    const own = declared(node, scopes);
    if (!own || names.has(own)) continue;
    const base = `${owner.slice(0, -1)}_${node.name}`;
    const count = (counts.get(base) ?? 0) + 1;
    counts.set(base, count);
    names.set(own, isUnnamed(node.name) ? node.name : unnamed(`${base}_${count}`));
  }
  return names;
}

/** For each name those that may not be the same, because one of the two would hide the other where it is used. */
function clashesOf(uses, props, names) {
  const clashes = new Map([...names.values()].map((name) => [name, new Set()]));
  for (const name of props) clashes.set(name, new Set(props));
  for (const { node, scopes } of uses) {
    const at = scopes.findIndex(({ own }) => own.has(node.name));
    const name = names.get(declared(node, scopes));
    for (const { own } of scopes.slice(0, at + 1)) {
      for (const other of own.values()) {
        clashes.get(name).add(names.get(other));
        clashes.get(names.get(other)).add(name);
      }
    }
  }
  for (const [name, others] of clashes) others.delete(name);
  return clashes;
}

function withNames(code, uses, names) {
  let text = code;
  for (const { node, scopes, label } of uses.toSorted((one, other) => other.node.start - one.node.start)) {
    const name = names.get(declared(node, scopes)) ?? node.name;
    text = text.slice(0, node.start) + (label ? `${node.name}:` : "") + name + text.slice(node.end);
  }
  return text;
}

/** Every name in a block with the scopes it is looked for in, the innermost first; and the unnamed properties. */
function usesIn(block) {
  const uses = [];
  const props = new Set();
  const declare = (pattern, scope) => {
    if (!pattern) return;
    const { type, name, argument, left, value, elements, properties } = pattern;
    if (type === "Identifier" && !scope.own.has(name)) scope.own.set(name, {});
    for (const part of [argument, left, value, elements, properties].flat()) declare(part, scope);
  };
  const walk = (node, scopes, owner, parent, key) => {
    if (!node?.type) return;
    if (node.type === "AssignmentPattern" && parent.shorthand) throw new Error("not thought of: {name = value}");
    // A function's parameters may not be declared anew in its body, nor what is caught.
    const within = node.type === "BlockStatement" && /Function|CatchClause/.test(parent?.type);
    if (/Statement$|Function|CatchClause/.test(node.type) && !within) {
      scopes = [{ own: new Map(), function: node.type.includes("Function") || !parent }, ...scopes];
      for (const param of [node.params ?? node.param ?? []].flat()) declare(param, scopes[0]);
    }
    if (node.type === "VariableDeclaration") {
      const scope = node.kind === "var" ? scopes.find((one) => one.function) : scopes[0];
      for (const { id } of node.declarations) declare(id, scope);
    }
    if (node.type === "VariableDeclarator" && isUnnamed(node.id.name)) owner = node.id.name;
    if (node.type === "Identifier") {
      const property = /^(?:key|property)$/.test(key) && !parent.computed;
      if (!property) uses.push({ node, scopes, owner, label: parent.shorthand });
      else if (isUnnamed(node.name)) props.add(node.name);
    }
    for (const [name, child] of Object.entries(node)) {
      // {e} is {e:e}, of one node
      if (node.shorthand && name === "key") continue;
      for (const one of [child].flat()) walk(one, scopes, owner, node, name);
    }
  };
  walk(block, [], "$$");
  return { uses, props: [...props] };
}

/** The first `let` of a block taken apart: what may stand anywhere in it, and what has its place. */
function partsOf(code) {
  const { declarations } = parse(code, ECMA).body[0].body[0];
  const all = declarations.map((one) => ({
    name: one.id.name,
    text: code.slice(one.start, one.end),
    movable: doesNothing(one.init),
  }));
  return {
    before: code.slice(0, declarations[0].start),
    movable: all.filter(({ movable }) => movable),
    fixed: all.filter(({ movable }) => !movable),
    after: code.slice(declarations.at(-1).end),
  };
}

/** Whether an initial value is there at once, needs nothing declared before it, and sets nothing off. */
function doesNothing(value) {
  switch (value?.type) {
    case undefined:
    case "ArrowFunctionExpression":
    case "Literal":
      return true;
    case "UnaryExpression":
      return value.argument.type === "Literal";
    case "ArrayExpression":
      return value.elements.every(doesNothing);
    case "ObjectExpression":
      return value.properties.every((property) => doesNothing(property.value));
    case "NewExpression":
      return /^(?:Set|WeakMap|TextEncoder)$/.test(value.callee.name);
    default:
      return false;
  }
}

/** What each unnamed thing is called: as it is `known` to be, or else, the commonest first, what is free. */
function namesFor({ before, movable, fixed, after }, clashes, known) {
  const counts = new Map();
  for (const [name] of joinedText({ before, fixed, after }, movable).matchAll(UNNAMED)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const all = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one));
  const names = {};
  const free = (name, short) => ![...clashes.get(name)].some((other) => names[other] === short);
  for (const wanted of [(name) => known[name], (name) => /.*_([\w$]{1,2})_\d+\$$/.exec(name)?.[1]]) {
    for (const name of all) if (!names[name] && wanted(name) && free(name, wanted(name))) names[name] = wanted(name);
  }
  for (const name of all) names[name] ??= SHORT_NAMES.find((short) => free(name, short));
  return names;
}

function joinedText({ before, fixed, after }, movable) {
  return `${before}${[...movable, ...fixed].map(({ text }) => text).join(",")}${after}`;
}

/** The best that seek_packing.py found. */
function searched({ before, movable, fixed, after }, clashes, { names }, seconds) {
  const textOf = ({ text }) => text;
  const texts = { before, movable: movable.map(textOf), fixed: fixed.map(textOf).join(","), after };
  const listed = Object.fromEntries([...clashes].map(([name, others]) => [name, [...others]]));
  const found = execFileSync("python3", [fileURLToPath(new URL("seek_packing.py", import.meta.url))], {
    input: JSON.stringify({ ...texts, names, clashes: listed, spare: SHORT_NAMES, seconds }),
  });
  const best = JSON.parse(found);
  return { movable: best.order.map((at) => movable[at]), names: best.names };
}
