// Makes the bundle of rum.js as small as its limit asks for. Three things beyond what minifiers do:
//
// - Properties that end in "_" never leave the script, and get names of a letter.
// - Functions become arrows in one `let`, at the beginning: "function" and "return" cost 3 bytes each
//   even after gzip, and the braces around the whole are scope enough. None of ours uses `this` or
//   `arguments`, or is called with `new`, and what stands at the beginning is there for all that follow.
// - Order and names are chosen for gzip (pack.mjs).
import { parse } from "acorn";
import { minify } from "terser";

import { packed, unnamed } from "./pack.mjs";

const options = { ecma: 2020, toplevel: true };
const compress = { passes: 3, unsafe_arrows: true };

/** `text`, "(() => { ... })()", as a smaller block that does the same; seeks a packing for `search_s`. */
export async function smaller(text, search_s = 0) {
  const first = await minify(text, { ...options, compress, mangle: false });
  const arrows = withArrows(first.code);
  // What is used once is in its place by now; to take arrows for literals would undo that.
  const last = { ...options, compress: { ...compress, inline: 1 }, mangle: { properties: { regex: /_$/ } } };
  const nameCache = {};
  await minify(arrows, { ...last, nameCache });
  const props = Object.keys(nameCache.vars.props).map((name) => [name, unnamed(name)]);
  const { code } = await minify(arrows, { ...last, nameCache: { vars: { props: Object.fromEntries(props) } } });
  return packed(`{${code}}`, search_s);
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
