/**
 * The template of a path: what differs from one user or object to the next becomes "?", so that
 * /user/123 and /user/456 are one page. It also keeps names and addresses of people out of pages.
 *
 * Only what cannot be a word is replaced. A site whose ids look like words names its pages itself,
 * by data-page or vigie('page', name).
 */

import { tag } from "./tag";

const LENGTH_MAX = 200;
const VALUE_LENGTH_MAX = 50;

const REPLACED: readonly (readonly [RegExp, string])[] = [
  // 123, 2024-05-31, 123.html
  [/^\d+(?:-\d+)*(\.[a-z]{2,5})?$/i, "?$1"],
  // UUIDs, with or without something around them
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, "?"],
  // hex digests, object ids: 12 digits or more, one at least a figure (no word has one).
  // No lookbehind: Safari before 16.4 would refuse the whole script.
  [/(^|[^a-z0-9])(?=[a-f]*\d)[0-9a-f]{12,}(?![a-z0-9])/gi, "$1?"],
  // random tokens: upper case, lower case and figures mixed, 16 or more
  [/^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w-]{16,}$/, "?"],
  // addresses of people
  [/^.*(?:@|%40).*$/i, "?"],
  // order-1234567; but report-2024 and top-100 are words
  [/\d{5,}/g, "?"],
  // What would read as a query to those who read "?" so: 12345abc
  [/\?[\w%&=]+/g, "?"],
];

/**
 * "/user/123/edit" -> "/user/?/edit", or the first of the site's own templates (data-pages) that the
 * path fits, in which "?" stands for any segment. What follows ";" is of the query: see pathOf.
 */
export function template(path: string): string {
  const [bare = "", ...params] = path.split(";");
  const segments = bare.split("/");
  const own = (tag.pages || "").split(/,\s*/).find((one) => {
    const wanted = one.split("/");
    return (
      wanted.length === segments.length &&
      wanted.every((want, i) => want === "?" || want === segments[i])
    );
  });
  // A step=2 is no id.
  const kept = params.map((param) => (/=\d\d?$/.test(param) ? param : withoutIds(param)));
  return [own || withoutIds(bare), ...kept].join(";").slice(0, LENGTH_MAX);
}

function withoutIds(text: string): string {
  return text.replace(/[^/=]+/g, (part) =>
    REPLACED.reduce((left, [pattern, by]) => left.replace(pattern, by), part),
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
  const params = (tag.routeParams || "").split(/,\s*/).filter((name) => query.get(name));
  // Some servers put sessions into paths: "/start;jsessionid=..."
  return [
    (pathname + (route || "")).replace(/;[^/]*/g, ""),
    ...params.map((name) => `${name}=${encodeURIComponent(query.get(name)!.slice(0, VALUE_LENGTH_MAX))}`),
  ].join(";");
}
