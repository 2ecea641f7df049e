/**
 * The end: the page is left, put aside, or never closed. All there is to say is said each time it
 * might be the last.
 */

import { add, seal } from "./batch";
import { now } from "./clock";
import { recordError } from "./error";
import { guard, takeCaught } from "./guard";
import { tellLatest } from "./latest";
import { isHidden, listen } from "./listen";
import { leave, online, resume } from "./send";

/** In the order of their coming: who speaks each time, then what is told once. */
const speaking = new Set<() => void>();

/** Calls `speaks` before what is gathered is sent for what may be the last time. */
export function beforeEnd(speaks: () => unknown): void {
  speaking.add(guard(speaks));
}

/** What waits a little to be told, done the first time it is called: at the end, if not before. */
export function once(work: () => void): () => void {
  const tell = guard(() => {
    if (speaking.delete(tell)) work();
  });
  speaking.add(tell);
  return tell;
}

export function watchEnd(): void {
  listen("visibilitychange", () => (isHidden() ? sayAll(false) : resume()));
  // Both are needed: a tab put aside on a phone may be killed without a pagehide, and browsers differ
  // in whether and in which order a navigation fires the two.
  listen("pagehide", () => sayAll(true));
  listen("online", online);
}

/** Says all there is to say, for it may be the last time. */
export function sayAll(gone: boolean): void {
  speaking.forEach((speaks) => speaks());
  tellLatest(add);
  const caught = takeCaught();
  if (caught) recordError("script", caught, now());
  seal();
  leave(gone);
}
