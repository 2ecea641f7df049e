// Finds the order and the names by which gzip makes least of a script: some 4 % less than any other.
//
// - What does nothing when it is declared may stand in any order, and gzip finds more repeats in some.
// - Which short name stands for what is all the same to the script, but not to gzip.
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
const ECMA = { ecmaVersion: 2020 };

/** A name of the script's that is yet to be chosen, as it stands in what this module is given. */
export const unnamed = (name) => `${name.replace(/^\$?/, "$$")}$`;
const UNNAMED = /(?<![\w$])\$[\w$]+?\$(?![\w$])/g;

/** `code`, a block that begins with one `let` of unnamed things, packed; seeks better for `search_s`. */
export async function packed(code, search_s = 0) {
  const parts = partsOf(withUnnamedLocals(code));
  const known = JSON.parse(await readFile(packingFile, "utf8"));
  const place = ({ name }) => (known.order.indexOf(name) + 1 || known.order.length + 1);
  parts.movable.sort((one, other) => place(one) - place(other));
  let best = { movable: parts.movable, names: namesFor(parts, known.names) };
  if (search_s) {
    best = searched(parts, best, search_s);
    const packing = { order: best.movable.map(({ name }) => name), names: best.names };
    await writeFile(packingFile, `${JSON.stringify(packing, null, 1)}\n`);
  }
  return joined(parts, best);
}

/** Parameters and variables within functions, which a minifier named, are unnamed too. */
function withUnnamedLocals(code) {
  const block = parse(code, ECMA);
  const locals = new Set();
  const declare = (pattern) => {
    if (!pattern) return;
    const { type, name, argument, left, value, elements, properties } = pattern;
    if (type === "Identifier" && !name.startsWith("$")) locals.add(name);
    for (const part of [argument, left, value, elements, properties].flat()) declare(part);
  };
  everyNode(block, ({ type, id, params, param }) => {
    if (type === "VariableDeclarator") declare(id);
    for (const pattern of [params, param].flat()) declare(pattern);
  });
  const found = [];
  everyNode(block, (node, parent, key) => {
    if (node.type === "AssignmentPattern" && parent.shorthand) {
      throw new Error(`not thought of: ${code.slice(node.start, node.end)}`);
    }
    if (!locals.has(node.name) || (/^(?:key|property)$/.test(key) && !parent.computed)) return;
    // {e} is {e:e}
    const label = parent.shorthand ? `${node.name}:` : "";
    found.push([node, label + unnamed(node.name)]);
  });
  return found
    .sort(([one], [other]) => other.start - one.start)
    .reduce((text, [{ start, end }, name]) => text.slice(0, start) + name + text.slice(end), code);
}

function everyNode(node, told, parent, key) {
  if (!node?.type) return;
  told(node, parent, key);
  for (const [name, child] of Object.entries(node)) {
    for (const one of [child].flat()) everyNode(one, told, node, name);
  }
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
      return !value.elements[0];
    case "ObjectExpression":
      return !value.properties[0];
    default:
      return false;
  }
}

/** All short names, the shortest first. */
function shortNames() {
  const pairs = LETTERS.flatMap((first) => [...LETTERS, ...FIGURES].map((second) => first + second));
  return [...LETTERS, ...pairs.filter((pair) => !RESERVED.has(pair))];
}

/** What each unnamed thing is called: as it is `known` to be, or else, the commonest first, what is free. */
function namesFor({ before, movable, fixed, after }, known) {
  const counts = new Map();
  for (const [name] of joinedText({ before, fixed, after }, movable).matchAll(UNNAMED)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const all = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one));
  const taken = new Set(all.map((name) => known[name]));
  const free = shortNames().filter((short) => !taken.has(short));
  return Object.fromEntries(all.map((name) => [name, known[name] ?? free.shift()]));
}

function joinedText({ before, fixed, after }, movable) {
  return `${before}${[...movable, ...fixed].map(({ text }) => text).join(",")}${after}`;
}

function joined(parts, { movable, names }) {
  return joinedText(parts, movable).replace(UNNAMED, (name) => names[name]);
}

/** The best that seek_packing.py found. */
function searched({ before, movable, fixed, after }, { names }, seconds) {
  const spare = shortNames().slice(0, Object.keys(names).length + 40);
  const texts = { before, movable: movable.map(({ text }) => text), fixed: fixed.map(({ text }) => text).join(","), after };
  const found = execFileSync("python3", [fileURLToPath(new URL("seek_packing.py", import.meta.url))], {
    input: JSON.stringify({ ...texts, names, spare, seconds }),
  });
  const best = JSON.parse(found);
  return { movable: best.order.map((at) => movable[at]), names: best.names };
}
