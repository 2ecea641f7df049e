/**
 * The end: the page is left, put aside, or never closed. All there is to say is said each time it
 * might be the last.
 */

import { seal } from "./batch";
import { recordError } from "./error";
import { guard, takeCaught } from "./guard";
import { leave, online, resume } from "./send";

const speaking: (() => void)[] = [];

/** Calls `speaks` before what is gathered is sent for what may be the last time. */
export function beforeEnd(speaks: () => void): void {
  speaking.push(guard(speaks));
}

export function watchEnd(): void {
  document.addEventListener(
    "visibilitychange",
    guard(() => (document.visibilityState === "hidden" ? sayAll(false) : resume())),
  );
  // Both are needed: a tab put aside on a phone may be killed without a pagehide, and browsers differ
  // in whether and in which order a navigation fires the two.
  addEventListener("pagehide", guard(() => sayAll(true)));
  addEventListener("online", guard(online));
}

/** Says all there is to say, for it may be the last time. */
export function sayAll(gone: boolean): void {
  speaking.forEach((speaks) => speaks());
  const caught = takeCaught();
  if (caught) {
    const { message, stack } = (caught.first || {}) as Partial<Error>;
    recordError("script", "VigieError", `${caught.count} caught, the first: ${message}`, stack || "");
  }
  seal();
  leave(gone);
}
