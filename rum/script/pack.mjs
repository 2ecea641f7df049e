// Finds the order and the names by which gzip makes least of a script: some 4 % less than any other.
//
// - What does nothing when it is declared may stand in any order, and gzip finds more repeats in some.
// - Which short name stands for what is all the same to the script, but not to gzip.
// packing.json holds a good choice of both, by the sources' names, which build.mjs --search finds anew;
// what is new since stands behind it, and takes names that are free.
import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

import { parse } from "acorn";

const packingFile = new URL("packing.json", import.meta.url);
const LETTERS = [..."etrnaoilsucdpfmghvwyxbkjqzETRNAOILSUCDPFMGHVWYXBKJQZ$_"];
const FIGURES = [..."0123456789"];
const RESERVED = new Set(["as", "do", "if", "in", "is", "of"]);
const ECMA = { ecmaVersion: 2020 };

/** A name of the script's that is yet to be chosen, as it stands in what this module is given. */
export const unnamed = (name) => `${name.replace(/^\$?/, "$$")}$$`;
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

/** Parameters and variables within functions, which a minifier named, are named "$letter$" too. */
function withUnnamedLocals(code) {
  const found = [];
  const visit = (node, parent, key) => {
    if (node?.type === "Identifier") {
      if (node.name.length === 1 && (parent.computed || !/^(?:key|property)$/.test(key))) {
        // {e} is {e:e}
        const label = parent.shorthand ? `${node.name}:` : "";
        found.push([node, label + unnamed(node.name)]);
      }
    } else if (node?.type === "AssignmentPattern" && parent.shorthand) {
      throw new Error(`not thought of: ${code.slice(node.start, node.end)}`);
    } else if (node && typeof node === "object") {
      for (const [name, child] of Object.entries(node)) {
        for (const one of [child].flat()) visit(one, node, name);
      }
    }
  };
  visit(parse(code, ECMA));
  return found
    .sort(([one], [other]) => other.start - one.start)
    .reduce((text, [{ start, end }, name]) => text.slice(0, start) + name + text.slice(end), code);
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

/** The best found by moving a few to another place, or swapping two names, again and again. */
function searched(parts, start, search_s) {
  const size = (packing) => gzipSync(joined(parts, packing), { level: 9 }).length;
  const random = (below) => Math.floor(Math.random() * below);
  const all = Object.keys(start.names);
  const spare = shortNames().slice(0, all.length + 200);
  const moved = ({ movable, names }) => {
    const tried = movable.slice();
    const some = tried.splice(random(tried.length), random(4) ? 1 : 1 + random(4));
    tried.splice(random(tried.length + 1), 0, ...some);
    return { movable: tried, names };
  };
  const renamed = ({ movable, names }) => {
    const name = all[random(all.length)];
    const short = spare[random(spare.length)];
    const other = all.find((one) => names[one] === short);
    return { movable, names: { ...names, ...(other && { [other]: names[name] }), [name]: short } };
  };
  let now = start;
  let bytes = size(now);
  let [best, least] = [now, bytes];
  const began = Date.now();
  for (let passed = 0; passed < 1; passed = (Date.now() - began) / (search_s * 1000)) {
    const tried = random(5) < 2 ? moved(now) : renamed(now);
    const more = size(tried) - bytes;
    // A little worse may lead to better, the less so the longer it goes on (simulated annealing).
    if (more > 0 && Math.random() >= Math.exp(-more / (1 - passed))) continue;
    [now, bytes] = [tried, bytes + more];
    if (bytes <= least) [best, least] = [now, bytes];
  }
  return best;
}
