/**
 * Whether something comes of a click: the page changes, asks, goes or scrolls, somebody types or
 * selects. What is looked for costs most pages nothing: changes of the document are observed only while
 * a click waits for them.
 */

import { guard } from "./guard";
import { tap } from "./tap";

/** What is seen from a press on until the page is quiet again. Times are performance.now()'s. */
export interface Activity {
  began: number;
  last: number;
  /** Something happened. */
  seen: boolean;
  /** An error was among it. */
  failed: boolean;
  /** Requests begun in it that go on. */
  requests: number;
}

/** When somebody last scrolled, selected or opened something: that is no rage. */
export let calmedAt = -1;

let selected = false;
const waiting = new Set<Activity>();
const observer = new MutationObserver(guard(happened));

// "input", "change" and "reset" are forms', "toggle" is for popovers, which change no attribute, and
// "play" and "pause" for sounds that nobody sees.
const EVENTS = "input change submit reset invalid toggle play pause copy cut popstate hashchange resize";

export function watchActivity(): void {
  for (const type of EVENTS.split(" ")) addEventListener(type, guard(happened), true);
  addEventListener("scroll", guard(calm), { capture: true, passive: true });
  document.addEventListener("selectionchange", guard(selectionChanged));
  // The start of a navigation, which may be long in coming. "beforeunload" keeps pages out of the
  // back/forward cache of some browsers (https://web.dev/articles/bfcache).
  (window as { navigation?: EventTarget }).navigation?.addEventListener("navigate", guard(happened));
  tap(window, "open", calm);
  for (const name of ["alert", "confirm", "prompt", "print"]) tap(window, name, happened);
  tap(navigator.clipboard, "writeText", happened);
  tap(WebSocket.prototype, "send", happened);
}

/** Waits, in the document and the shadow roots of `path`, for something to come. */
export function expect(path: readonly EventTarget[]): Activity {
  const activity = { began: performance.now(), last: 0, seen: false, failed: false, requests: 0 };
  waiting.add(activity);
  for (const root of path as Node[]) {
    if (root.nodeType === 9 || root.nodeType === 11) {
      observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
    }
  }
  return activity;
}

/** Waits no longer. */
export function conclude(activity: Activity): void {
  waiting.delete(activity);
  if (!waiting.size) observer.disconnect();
}

/** Something came of whatever is waited for. */
export function happened(): void {
  for (const activity of waiting) {
    activity.seen = true;
    activity.last = performance.now();
  }
}

/** So did an error. */
export function erred(): void {
  happened();
  for (const activity of waiting) activity.failed = true;
}

/** A request begins: nothing is over before it is. Gives what is to be called then. */
export function requestBegan(): () => void {
  happened();
  const all = [...waiting];
  for (const activity of all) activity.requests++;
  return () => {
    for (const activity of all) {
      activity.requests--;
      activity.last = performance.now();
    }
  };
}

/** A selection came, grew or went; that a caret moved in a text means nothing. */
function selectionChanged(): void {
  const before = selected;
  selected = !getSelection()?.isCollapsed;
  if (before || selected) calm();
}

function calm(): void {
  calmedAt = performance.now();
  happened();
}
