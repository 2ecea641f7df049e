/**
 * Who the user is, and how experienced, as the site declares it.
 *
 * The first level of a session labels all of it, so a level that changes begins a new batch: the one
 * being gathered goes out under the level it was gathered under. The collector keeps a keyed hash of
 * the user's id, never the id; the browser keeps nothing.
 */

import { context, seal } from "./batch";

const LENGTH_MAX = 200;

let undelivered = false;

/** vigie('user', 'u-1234', {level: 'novice'}); vigie('user', null) when they signed out. */
export function declareUser(id: unknown, options: { level?: unknown } = {}): void {
  declare("user", id);
  const level = options?.level;
  if (level != null || id == null) declare("level", level);
}

/** vigie('level', 'expert') */
export function declareLevel(level: unknown): void {
  declare("level", level);
}

/** Whether something was declared since last asked, that the next batch must carry. */
export function takeDeclared(): boolean {
  const was = undelivered;
  undelivered = false;
  return was;
}

function declare(what: "user" | "level", value: unknown): void {
  const text = value == null ? "" : String(value).slice(0, LENGTH_MAX);
  if (text === (context[what] || "")) return;
  if (context[what]) seal();
  undelivered = true;
  if (text) context[what] = text;
  else delete context[what];
}
