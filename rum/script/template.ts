/**
 * The template of a path: what differs from one user or object to the next becomes "?", so that
 * /user/123 and /user/456 are one page. It also keeps names and addresses of people out of pages.
 *
 * Only what cannot be a word is replaced. A site whose ids look like words names its pages itself,
 * by data-page or vigie('page', name).
 */

import { listed, tag } from "./tag";

const LENGTH_MAX = 200;
const VALUE_LENGTH_MAX = 50;

/** Whole segments: addresses of people; random tokens: upper, lower case and figures mixed, 16 or more. */
const SEGMENT = /@|%40|^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w-]{16,}$/;
// One after the other: 123, 2024-05-31, 123.html
// UUIDs, with or without something around them
// hex digests, object ids: 12 digits or more, one at least a figure (no word has one).
// No lookbehind: Safari before 16.4 would refuse the whole script.
// order-1234567; but report-2024 and top-100 are words
const IDS =
  /^\d+(?:-\d+)*(?=(?:\.[a-z]{2,5})?$)|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(^|[^a-z0-9])(?=[a-f]*\d)[0-9a-f]{12,}(?![a-z0-9])|\d{5,}/gi;

/**
 * "/user/123/edit" -> "/user/?/edit", or the first of the site's own templates (data-pages) that the
 * path fits, in which "?" stands for any segment. What follows ";" is of the query: see pathOf.
 */
export function template(path: string): string {
  const bare = path.replace(/;.*/, "");
  const segments = bare.split("/");
  const own = listed(tag.pages).find((one) => {
    const wanted = one.split("/");
    return one === segments.map((segment, i) => (wanted[i] === "?" ? "?" : segment)).join("/");
  });
  return ((own || withoutIds(bare)) + withoutIds(path.slice(bare.length))).slice(0, LENGTH_MAX);
}

function withoutIds(text: string): string {
  // Most paths have nothing to replace, and the expressions below cost a page's start more than all else.
  if (!/[\d@%]/.test(text)) return text;
  // A step=2 is no id.
  return text.replace(/=\d\d?(?=;|$)|[^/=;]+/g, (part) =>
    SEGMENT.test(part)
      ? "?"
      : // What would read as a query to those who read "?" so: 12345abc
        part.replace(IDS, "$1?").replace(/\?[\w%&=]+/g, "?"),
  );
}

/**
 * The path a person would say they are on: location.pathname, and the hash where it is a route
 * ("#/users", "#!/users") and not a place in the page ("#contents") or the start of a hash router's
 * routes ("#/"). Of the query only what the site names in data-route-params, for an application with
 * one address for all: "/index.php;action=edit".
 */
export function pathOf({ pathname, hash, search }: { pathname: string; hash: string; search: string }): string {
  const route = /^#!?\/[^?#]+/.exec(hash);
  const query = new URLSearchParams(search);
  // Some servers put sessions into paths: "/start;jsessionid=..."
  let path = (pathname + (route || "")).replace(/;[^/]*/g, "");
  for (const name of listed(tag.routeParams)) {
    const value = query.get(name);
    if (value) path += `;${name}=${encodeURIComponent(value.slice(0, VALUE_LENGTH_MAX))}`;
  }
  return path;
}
