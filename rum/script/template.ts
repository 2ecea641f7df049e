/**
 * The template of a path: what differs from one user or object to the next becomes "?", so that
 * /user/123 and /user/456 are one page. It also keeps names and addresses of people out of pages.
 *
 * Only what cannot be a word is replaced. A site whose ids look like words names its pages itself,
 * by data-page or vigie('page', name).
 */

const LENGTH_MAX = 200;

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

/** "/user/123/edit" -> "/user/?/edit" */
export function template(path: string): string {
  return path.split("/").map(templateSegment).join("/").slice(0, LENGTH_MAX);
}

function templateSegment(segment: string): string {
  return REPLACED.reduce((text, [pattern, by]) => text.replace(pattern, by), segment);
}

/**
 * The path a person would say they are on: location.pathname, and the hash where it is a route
 * ("#/users", "#!/users") and not a place in the page ("#contents") or the start of a hash router's
 * routes ("#/"). Queries are never part of it.
 */
export function pathOf(location: { pathname: string; hash: string }): string {
  const route = /^#!?\/[^?#]+/.exec(location.hash);
  return location.pathname + (route ? route[0] : "");
}
