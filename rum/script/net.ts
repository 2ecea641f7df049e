/**
 * A net under what is not sent yet: a request that the browser makes by itself once the page is gone,
 * also if it crashed or was killed (fetchLater: Chromium since 135, on secure pages).
 */

import { tag } from "./tag";

interface Deferred {
  readonly activated: boolean;
}

interface Deferring {
  fetchLater?(url: string, options: RequestInit): Deferred;
}

let control: AbortController | undefined;
let deferred: Deferred | undefined;

/** Whether the browser has such a thing at all. */
export function hasNet(): boolean {
  return !!(window as Deferring).fetchLater;
}

/** Takes the net away. Whether it is too late: what was in it has been sent. */
export function takeNet(): boolean | undefined {
  control?.abort();
  const caught = deferred?.activated;
  deferred = undefined;
  return caught;
}

/** Has `body` sent when the page is gone, if the browser can and will. Does without where it cannot. */
export function spreadNet(body: string): void {
  try {
    control = new AbortController();
    deferred = (window as Deferring).fetchLater!(tag.beacon, {
      method: "POST",
      body,
      signal: control.signal,
      referrerPolicy: "origin",
    });
  } catch {
    // Forbidden to this frame (deferred-fetch), or the page's own have used up the 64 KiB.
  }
}
