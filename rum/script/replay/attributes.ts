/** Attributes as they may be kept: a list of harmless ones, and a rule for each that matters to the looks. */

import { template } from "../template";
import { address } from "./address";
import { HARMLESS } from "./harmless";
import { hideText, hideValue } from "./hide";
import { maskCss } from "./mask_css";
import { MASK, UNMASK } from "./shown";
import type { Attributes } from "./wire";

/** What decides about an element's attributes. */
export interface Owner {
  /** In lower case. */
  readonly tag: string;
  /** Its texts and images may be seen. */
  readonly shown: boolean;
  /** It is a field whose value may not be seen even so. */
  readonly secret: boolean;
  /** A style sheet, whose address says how the page looks. */
  readonly sheet: boolean;
  /** A button: its value is a text to read. */
  readonly button: boolean;
}

/** The attributes without secrets. */
export function maskAttributes(attributes: Attributes, owner: Owner): Attributes {
  const kept: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    const masked = maskAttribute(name.toLowerCase(), value, owner);
    if (masked !== undefined) kept[name] = masked;
  }
  return kept;
}

function maskAttribute(name: string, value: unknown, owner: Owner): unknown {
  if (HARMLESS.has(name)) return name === "type" ? maskType(value) : value;
  const rule = RULES[name];
  if (!rule) return undefined;
  // null: the attribute was taken away.
  if (value === null) return null;
  if (name === "style" && typeof value === "object") return maskStyles(value as Attributes, owner.shown);
  return rule(typeof value === "string" ? value : String(value), owner);
}

type Rule = (value: string, owner: Owner) => string | boolean | undefined;

const readable: Rule = (value, { shown }) => (shown ? value : hideText(value));
const chosen: Rule = (_, { shown, secret }) => (shown && !secret ? true : undefined);
const image: Rule = (value, { shown, tag }) =>
  shown && !/frame|object|embed/.test(tag) ? address(value) || undefined : undefined;

const RULES: Record<string, Rule> = {
  class: (value) => value.replace(/\S*@\S*/g, ""),
  id: (value) => template(value),
  style: (value, { shown }) => maskCss(value, shown),
  _csstext: (value) => maskCss(value, true),
  value: (value, { tag, shown, secret, button }) => {
    if (!/^(?:input|textarea|select)$/.test(tag)) return undefined;
    if (button) return shown ? value : hideText(value);
    return shown && !secret ? value : hideValue(value);
  },
  checked: chosen,
  selected: chosen,
  placeholder: readable,
  label: readable,
  src: image,
  poster: image,
  href: link,
  "xlink:href": link,
  [UNMASK]: () => "",
  [MASK]: () => "",
};

function link(value: string, owner: Owner): string | undefined {
  // A link looks like one only while it leads somewhere.
  if (/^(?:a|area)$/.test(owner.tag)) return "#";
  if (owner.sheet) return address(value) || undefined;
  if (owner.tag === "link") return undefined;
  const place = value.indexOf("#");
  if (owner.tag !== "image" && place >= 0) return address(value.slice(place));
  return image(value, owner) as string | undefined;
}

/** What changed of a style: values, or pairs of a value and its priority, by property. */
function maskStyles(styles: Attributes, shown: boolean): Attributes {
  const kept: Attributes = {};
  for (const [name, value] of Object.entries(styles)) {
    if (typeof value === "string") kept[name] = maskValue(name, value, shown);
    else if (Array.isArray(value)) kept[name] = [maskValue(name, String(value[0]), shown), value[1]];
    else kept[name] = value;
  }
  return kept;
}

/** A property's value without secrets. */
export function maskValue(property: string, value: string, shown: boolean): string {
  const head = property + ":";
  return maskCss(head + value, shown).slice(head.length);
}

/** The type of a field, or of whatever else, is a word. */
function maskType(value: unknown): unknown {
  return typeof value === "string" && !/^[-\w/+.]{1,40}$/.test(value) ? undefined : value;
}
