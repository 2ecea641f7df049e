/**
 * A selector that names an element the same way tomorrow: after a render, a release, or a sibling more.
 *
 * From the element up to the nearest ancestor that its authors named (data-vigie, a test id, an id that
 * no machine made), by tag, lasting classes and, among look-alikes, :nth-of-type:
 *   #results>li:nth-of-type(3)>button.contact
 * " >>> " crosses into a shadow root, and a space stands for levels left out where there are too many.
 * Reads no text, no value and no layout. A site's own name: <button data-vigie="sign">.
 */

const LENGTH_MAX = 200;
/** What is left of it is for the named ancestor. */
const STEPS_LENGTH_MAX = 140;
const NAME_LENGTH_MAX = 60;
const DEPTH_MAX = 50;
const SIBLINGS_MAX = 1000;
const CLASSES_MAX = 2;
const INTO_SHADOW = " >>> ";

/** Attributes that authors put on elements to find them again; the first is ours, and is believed. */
const NAMING = ["data-vigie", "data-testid", "data-test-id", "data-test", "data-cy", "data-qa"];

// No figures: machines count and hash with them (ember123, mat-input-0, css-1x2y3z, Button__a1B2c).
const WORDS = /^[a-z][a-z_-]{1,39}$/i;
// Nor prefixes of generated names, React's ids (_r_a_), hashes without figures (kXyZq), or states.
const PASSING =
  /^(?:css|sc|jsx|svelte|astro|ng)-|_r_|[A-Z][a-z]?[A-Z]|(?:^|[-_])(?:is|has|active|selected|open|opened|hover|focus|focused|disabled|hidden|visible|show|shown|current|loading|checked|pressed|collapsed|expanded|invalid)(?![a-z])/;

/** At most 200 characters; "" for no element. A text stands for the element it is in. */
export function selectorOf(node: Node | null | undefined): string {
  let element = (node?.nodeType === 1 ? node : node?.parentElement) as Element | null | undefined;
  let selector = "";
  let joint = "";
  for (let depth = 0; element && depth < DEPTH_MAX; depth++) {
    const name = nameOf(element);
    const root = element.getRootNode() as ShadowRoot;
    const anchored = name && root.querySelectorAll(name).length < 2;
    const grown = (anchored ? name : joint === " " ? "" : step(element, name)) + joint + selector;
    if (grown.length <= (anchored ? LENGTH_MAX : STEPS_LENGTH_MAX) && (anchored || joint !== " ")) {
      selector = grown;
      joint = ">";
    } else if (joint === INTO_SHADOW) {
      break;
    } else {
      joint = " ";
    }
    const parent: Element | null = anchored ? null : element.parentElement;
    if (!parent) joint = INTO_SHADOW;
    // By type, for an <a> that stands alone is its own root, and has a host of another kind.
    element = parent || (root.nodeType === 11 ? root.host : null);
  }
  return selector;
}

/** What the element's authors call it, as a selector; "" if they do not. */
function nameOf(element: Element): string {
  for (const attribute of NAMING) {
    const name = element.getAttribute(attribute);
    const ours = attribute === NAMING[0];
    if (name && name.length <= NAME_LENGTH_MAX && (ours || /^[a-z](?!.*\d\d)[\w.:-]*$/i.test(name))) {
      return `[${attribute}=${JSON.stringify(name)}]`;
    }
  }
  // Not element.id: in a form, a field named "id" takes its place.
  const id = element.getAttribute("id");
  if (id && lasts(id)) return "#" + id;
  return /^(?:html|body)$/.test(element.localName) ? element.localName : "";
}

/** The element among its siblings: its name or looks, and its place where others share them. */
function step(element: Element, name: string): string {
  const classes = Array.from(element.classList).filter(lasts).slice(0, CLASSES_MAX);
  const looks = name || [CSS.escape(element.localName), ...classes].join(".");
  const siblings: Element[] = [].slice.call(element.parentNode?.children || [], 0, SIBLINGS_MAX);
  if (siblings.filter((other) => other.matches(looks)).length < 2) return looks;
  const same = siblings.filter((other) => other.localName === element.localName);
  const place = same.indexOf(element) + 1;
  return place ? `${looks}:nth-of-type(${place})` : looks;
}

function lasts(name: string): boolean {
  return WORDS.test(name) && !PASSING.test(name);
}
