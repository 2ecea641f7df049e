/**
 * Who the user is, how experienced, and what else the site declares of them.
 *
 * The first level of a session labels all of it, so a level that changes begins a new batch: the one
 * being gathered goes out under the level it was gathered under. The collector keeps a keyed hash of
 * the user's id, never the id; the browser keeps nothing.
 */

import { context, seal, type Context } from "./batch";
import { now } from "./clock";
import { plain } from "./event";
import { warn } from "./guard";
import { tellAgain } from "./latest";
import { tag } from "./tag";

const DAY_MS = 86_400_000;

/**
 * vigie('user', 'u-1234', {level: 'novice'}), or {since: '2024-05-31'}, the day they signed up, of
 * which data-tenure makes a level; vigie('user', null) when they signed out.
 */
export function declareUser(id: unknown, options: { level?: unknown; since?: unknown }): void {
  declare("user", id);
  const { level = tenure(options.since) } = options;
  if (level != null || id == null) declareLevel(level);
}

/** vigie('level', 'expert') */
export function declareLevel(level: unknown): void {
  declare("level", level);
}

/** vigie('segment', {kind: 'seller', team: null}): adds to the segments; null takes one away. */
export function declareSegments(segments: Record<string, unknown>): void {
  change("segments", plain({ ...context.segments, ...segments }));
}

/** The level of who signed up then, by "novice 90 confirmed 365 expert": names, and days between. */
function tenure(since: unknown): string | undefined {
  // Never leaves the page: a day of sign-up may single somebody out.
  const days = (now() - +new Date((since as string) || NaN)) / DAY_MS;
  if (since && isNaN(days)) warn("since");
  return tag.tenure?.split(/[\s,]+/).find((_, i, steps) => !(i % 2) && days < (+steps[i + 1]! || Infinity));
}

function declare(what: "user" | "level", value: unknown): void {
  change(what, String(value ?? "") || undefined);
}

function change<Name extends keyof Context>(what: Name, value: Context[Name]): void {
  if (JSON.stringify(value) === JSON.stringify(context[what])) return;
  if (context[what]) seal();
  tellAgain();
  context[what] = value;
}
