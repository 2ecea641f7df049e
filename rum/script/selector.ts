/**
 * A selector that names an element the same way tomorrow: after a render, a release, or a sibling more.
 *
 * From the element up to the nearest ancestor that its authors named (data-vigie, a test id, an id that
 * no machine made), by tag, lasting classes and, among look-alikes, :nth-of-type:
 *   #results>li:nth-of-type(3)>button.contact
 * " >>> " crosses into a shadow root. Where there are too many levels, the outer ones are left out.
 * Reads no text, no value and no layout. A site's own name: <button data-vigie="sign">.
 */

const LENGTH_MAX = 200;
const SIBLINGS_MAX = 1000;
const CLASSES_MAX = 2;
const INTO_SHADOW = " >>> ";

/** Attributes (data-*) that authors put on elements to find them again. */
const NAMING = ["vigie", "testid", "test", "cy", "qa"];
// Ours is believed; of the others only what reads like a name, of 60 characters at most.
const NAMES = /ie="[^"]|="[a-z](?!.*\d\d)[\w.:-]{0,59}"$/i;

// No figures: machines count and hash with them (ember123, mat-input-0, css-1x2y3z, Button__a1B2c).
// Nor prefixes of generated names, React's ids (_r_a_), hashes without figures (kXyZq), or states.
const LASTS =
  /^(?!(?:css|sc|svelte|ng)-|.*_r_|.*[A-Z][a-z]?[A-Z]|(?:.*[-_])?(?:is|has|active|select|open|hover|focus|disabled|hidden|visible|show|current|loading|check|pressed|collaps|expand|invalid)(?:ed|n)?(?:[-_]|$))[A-Za-z][A-Za-z_-]{1,39}$/;

/** At most 200 characters; "" for no element. A text stands for the element it is in. */
export function selectorOf(node: Node | null | undefined): string {
  let element = (node?.nodeType === 1 ? node : node?.parentElement) as Element | null | undefined;
  let selector = "";
  let joint = "";
  while (element) {
    const name = nameOf(element);
    const root = element.getRootNode() as ShadowRoot;
    const anchored = name && root.querySelectorAll(name).length < 2;
    const grown = (anchored ? name : step(element, name)) + joint + selector;
    if (grown.length > LENGTH_MAX) break;
    selector = grown;
    const parent: Element | null = anchored ? null : element.parentElement;
    joint = parent ? ">" : INTO_SHADOW;
    // By type, for an <a> that stands alone is its own root, and has a host of another kind.
    element = parent || (root.nodeType === 11 ? root.host : null);
  }
  return selector;
}

/** What the element's authors call it, as a selector; "" if they do not. */
function nameOf(element: Element): string {
  for (const attribute of NAMING) {
    const value = element.getAttribute("data-" + attribute);
    const named = `data-${attribute}=${JSON.stringify(value)}`;
    // Few have one, and an expression that is never asked costs nothing.
    if (value && NAMES.test(named)) return `[${named}]`;
  }
  // Not element.id: in a form, a field named "id" takes its place.
  const id = element.getAttribute("id");
  if (id && LASTS.test(id)) return "#" + id;
  return element.matches("html,body") ? element.localName : "";
}

/** The element among its siblings: its name or looks, and its place where others share them. */
function step(element: Element, name: string): string {
  const classes = Array.from(element.classList).filter((one) => LASTS.test(one)).slice(0, CLASSES_MAX);
  const looks = name || [CSS.escape(element.localName), ...classes].join(".");
  const siblings = Array.from(element.parentNode?.children || []).slice(0, SIBLINGS_MAX);
  const same = siblings.filter((other) => other.localName === element.localName);
  const place = same.indexOf(element) + 1;
  return place && same.some((other) => other !== element && other.matches(looks)) ? `${looks}:nth-of-type(${place})` : looks;
}
