/** Addresses of images and style sheets that may be kept, without query and fragment. */

import { template } from "../template";

const DATA_LENGTH_MAX = 20_000;

/** `url` without its query; "" for what is neither on the web nor a small image of no words. */
export function address(url: string): string {
  const text = url.trim();
  if (/^data:/i.test(text)) {
    const harmless = /^data:(?:image|font)\//i.test(text) && !/text|title|desc|foreign/i.test(text);
    return harmless && text.length <= DATA_LENGTH_MAX ? text : "";
  }
  // A gradient, a clip path: a place in this page.
  if (text[0] === "#") return "#" + template(text.slice(1));
  if (/^[a-z][-a-z+.\d]*:/i.test(text) && !/^https?:/i.test(text)) return "";
  // Not only the query: what stands before an @ may be a password.
  return text.replace(/[?#][\s\S]*/, "").replace(/^(\w+:)?\/\/[^/@]*@/, "$1//");
}
