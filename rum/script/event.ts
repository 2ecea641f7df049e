/** Custom events: what the site's people do that matters to it, in the site's own words. */

import { add } from "./batch";
import { now } from "./clock";
import { isText, warn } from "./guard";
import { currentView } from "./view";

const ATTRIBUTES_MAX = 20;
const KEY_LENGTH_MAX = 50;
const TEXT_LENGTH_MAX = 200;

export interface EventOptions {
  /** What it is worth, in `currency` or in whatever the site counts. */
  value?: number;
  /** ISO 4217: EUR */
  currency?: string;
  attributes?: Record<string, unknown>;
}

/** vigie('event', 'mandate_signed', {value: 290000, currency: 'EUR', attributes: {kind: 'sale'}}) */
export function recordEvent(name: unknown, options: EventOptions): void {
  if (!isText(name, "event")) return;
  const at = now();
  const { value, currency, attributes } = options;
  const event = {
    name,
    value: Number.isFinite(value) && value,
    currency: typeof currency === "string" && currency,
    attributes: plain(attributes),
  };
  add(currentView(at), "event", at, event, true);
}

type Attributes = Record<string, string | number | boolean>;

/** The attributes that are texts, numbers, true or false; a table has no room for others. null says nothing. */
export function plain(attributes?: Record<string, unknown>): Attributes | undefined {
  if (!attributes) return undefined;
  const kept: Attributes = {};
  for (const [key, value] of Object.entries(attributes).slice(0, ATTRIBUTES_MAX)) {
    const name = key.slice(0, KEY_LENGTH_MAX);
    if (typeof value === "string") kept[name] = value.slice(0, TEXT_LENGTH_MAX);
    else if (value === !!value || Number.isFinite(value)) kept[name] = value as number;
    else if (value != null) warn("attribute " + name);
  }
  return kept;
}
