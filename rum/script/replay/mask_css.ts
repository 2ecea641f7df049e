/**
 * Style sheets without what may be a secret: texts they show, addresses' queries, comments, values of
 * attributes they select by.
 *
 * Kept are names of fonts and grid areas, and the one-letter texts that icons are made of: without them
 * a page would not look like itself.
 */

import { HARMLESS } from "./harmless";
import { hideText } from "./hide";
import { address } from "./address";

// An end that is missing is the end of the text, or of the line: so browsers read it.
const PARTS =
  /\/\*[\s\S]*?(?:\*\/|$)|url\(\s*(?:"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|[^)])*\)?|\[\s*[-\w|\\]+\s*[~|^$*]?=[^\]]*\]?|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?/gi;
// Where rrweb joined the texts of a style element's nodes.
const SPLIT = "/* rr_split */";
const TEXT_IS_A_NAME = /^\s*(?:font|src|quotes|grid|@charset|@namespace|syntax)/i;
const ICON = /^(?:\\?[^\w\s]|\\[ef][\da-f]{3}\s?){0,2}$/i;

/** `css` without secrets; addresses in it are kept, but for their queries, where `shown`. */
export function maskCss(css: string, shown: boolean): string {
  return css.replace(PARTS, (part, at: number) => {
    if (part[0] === "/") return part === SPLIT ? part : "";
    if (part[0] === "[") return maskSelector(part);
    if (/^u/i.test(part)) return `url("${shown ? cssAddress(part) : ""}")`;
    return maskString(part, declarationAt(css, at));
  });
}

function maskString(part: string, declaration: string): string {
  const inner = part.slice(1).replace(/["']$/, "");
  if (/^\s*@import/i.test(declaration)) return `"${address(inner)}"`;
  if (TEXT_IS_A_NAME.test(declaration) || ICON.test(inner)) return part;
  return `"${hideText(inner.replace(/\\[\s\S]/g, "x"))}"`;
}

/** What stands before a place in its declaration: `content: counter(a) `. */
function declarationAt(css: string, at: number): string {
  let begin = at;
  while (begin > 0 && at - begin < 300 && !/[;{}]/.test(css[begin - 1]!)) begin--;
  return css.slice(begin, at);
}

function maskSelector(part: string): string {
  const name = /[-\w]+/.exec(part)![0].toLowerCase();
  return HARMLESS.has(name) || name === "class" ? part : `[${name}="x"]`;
}

function cssAddress(part: string): string {
  return address(part.replace(/^url\(\s*["']?|["']?\s*\)?$/gi, "")).replace(/["\\\n]/g, "");
}
