// Makes the bundle of rum.js as small as its limit asks for. Three things beyond what minifiers do:
//
// - Properties that end in "_" never leave the script, and get names of a letter.
// - Functions become arrows in one `let`, at the beginning: "function" and "return" cost 3 bytes each
//   even after gzip, and the braces around the whole are scope enough. None of ours uses `this` or
//   `arguments`, or is called with `new`, and what stands at the beginning is there for all that follow.
// - What does nothing when it is declared may stand in any order, and gzip finds more repeats in some
//   orders: 2 %. order.json holds a good one, by the sources' names, which build.mjs --search finds;
//   what is new stands behind it.
import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

import { parse } from "acorn";
import { minify } from "terser";

const options = { ecma: 2020, toplevel: true };
const compress = { passes: 3, unsafe_arrows: true };
const orderFile = new URL("order.json", import.meta.url);

/** `text`, "(() => { ... })()", as a smaller block that does the same; seeks an order for `search_s`. */
export async function smaller(text, search_s = 0) {
  const first = await minify(text, { ...options, compress, mangle: false });
  // What is used once is in its place by now; to take arrows for literals would undo that.
  const last = { ...options, compress: { ...compress, inline: 1 }, mangle: { properties: { regex: /_$/ } } };
  const nameCache = {};
  const { code } = await minify(withArrows(first.code), { ...last, nameCache });
  const parts = partsOf(code, nameCache.vars.props);
  const order = JSON.parse(await readFile(orderFile, "utf8"));
  const place = ({ name }) => (order.indexOf(name) + 1 || order.length + 1);
  parts.movable.sort((one, other) => place(one) - place(other));
  if (search_s) {
    parts.movable = searched(parts, search_s);
    await writeFile(orderFile, `${JSON.stringify(parts.movable.map(({ name }) => name), null, 1)}\n`);
  }
  return joined(parts);
}

/** The first `let` of a block taken apart: what may stand anywhere in it, and what has its place. */
function partsOf(code, names) {
  const sources = new Map(Object.entries(names).map(([source, short]) => [short, source.slice(1)]));
  const { declarations } = parse(code, { ecmaVersion: 2020 }).body[0];
  const all = declarations.map((one) => ({
    name: sources.get(one.id.name) ?? one.id.name,
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

function joined({ before, movable, fixed, after }) {
  return `{${before}${[...movable, ...fixed].map(({ text }) => text).join(",")}${after}}`;
}

/** The best order found by moving a few to another place again and again. */
function searched(parts, search_s) {
  const size = (movable) => gzipSync(joined({ ...parts, movable }), { level: 9 }).length;
  const random = (below) => Math.floor(Math.random() * below);
  let best = parts.movable;
  let least = size(best);
  for (const until = Date.now() + search_s * 1000; Date.now() < until; ) {
    const tried = best.slice();
    const moved = tried.splice(random(tried.length), random(4) ? 1 : 1 + random(4));
    tried.splice(random(tried.length + 1), 0, ...moved);
    const bytes = size(tried);
    if (bytes <= least) [best, least] = [tried, bytes];
  }
  return best;
}

function withArrows(code) {
  const [{ expression }] = parse(code, { ecmaVersion: 2020 }).body;
  const text = ({ start, end }) => code.slice(start, end);
  const functions = [];
  const rest = [];
  for (const statement of expression.callee.body.body) {
    if (statement.type === "FunctionDeclaration") {
      const { id, params, body } = statement;
      if (/\b(?:this|arguments|new\.target)\b/.test(text(body))) throw new Error(`no arrow: ${text(id)}`);
      functions.push(`${text(id)} = (${params.map(text)}) => ${text(body)}`);
    } else {
      rest.push(text(statement).replace(/^var /, "let "));
    }
  }
  return `let ${functions};${rest.join(";")}`;
}
