// Makes the bundle of rum.js as small as its limit asks for. Two things beyond what minifiers do:
//
// - Properties that end in "_" never leave the script, and get names of a letter.
// - Functions become arrows in one `let`, at the beginning: "function" and "return" cost 3 bytes each
//   even after gzip, and the braces around the whole are scope enough. None of ours uses `this` or
//   `arguments`, or is called with `new`, and what stands at the beginning is there for all that follow.
import { parse } from "acorn";
import { minify } from "terser";

const options = { ecma: 2020, toplevel: true };
const compress = { passes: 3, unsafe_arrows: true };

/** `text`, "(() => { ... })()", as a smaller block that does the same. */
export async function smaller(text) {
  const first = await minify(text, { ...options, compress, mangle: false });
  // What is used once is in its place by now; to take arrows for literals would undo that.
  const last = { ...options, compress: { ...compress, inline: 1 }, mangle: { properties: { regex: /_$/ } } };
  return (await minify(`{${withArrows(first.code)}}`, last)).code;
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
