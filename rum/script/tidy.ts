/** What an event or a batch tells: short texts, figures no finer than they are true, and nothing empty. */

const LENGTH_MAX = 200;
const LENGTHS_MAX: Record<string, number> = { name: 100, message: 500, stack: 3000, currency: 3, method: 10 };

/**
 * The fields that say something: without undefined, false, "" and null. Figures below 10 are shares and
 * scores, of which four decimals count; of milliseconds and pixels one does. `value` is the site's own.
 */
export function tidy(fields: object): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    const steps = (value as number) < 10 ? 1e4 : 10;
    if (typeof value === "string") kept[name] = value.slice(0, LENGTHS_MAX[name] || LENGTH_MAX) || undefined;
    else if (typeof value === "number" && name !== "value") kept[name] = Math.round(value * steps) / steps;
    else if (value || value === 0) kept[name] = value;
  }
  return kept;
}
