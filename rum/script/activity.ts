/**
 * Whether something comes of a click: the page changes, asks, goes, scrolls or speaks, somebody writes
 * or selects. The document is observed only while a click waits for it to change.
 */

import { guard } from "./guard";
import { listen, navigationOf } from "./listen";
import { tap } from "./tap";

/** Is told that something came: requests begun (1) or ended (-1) by it, and whether it is an error. */
export type Told = (requests: number, failed?: boolean) => void;

/** When somebody last scrolled, selected or opened something, by performance.now(): that is no rage. */
export let calmedAt = 0;

let watched: boolean | undefined;
let selected: boolean | undefined;
const waiting = new Set<Told>();
const came = () => void happened();
const observer = new MutationObserver(guard(came));

/**
 * Tells of what comes from now on, in the document and the shadow roots of `path`. Gives what ends it.
 */
export function expect(path: readonly EventTarget[], told: Told): () => void {
  // From the first press on: before it nothing waits, and a page that nobody clicks is spared all this.
  if (!watched) {
    watched = true;
    // "reset" changes fields without "input", "toggle" is for popovers, which change no attribute, "play"
    // and "pause" are for sounds, "navigate" for a navigation that is long in coming.
    listen("input submit reset invalid toggle play pause copy", came);
    listen("navigate", came, navigationOf());
    listen("scroll", calm);
    listen("selectionchange", selectionChanged);
    selectionChanged();
    for (const name of ["open", "alert", "confirm", "prompt", "print"]) tap(window, name, calm);
    tap(navigator.clipboard, "writeText", came);
    tap(WebSocket.prototype, "send", came);
  }
  waiting.add(told);
  for (const root of path as Node[]) {
    // The document, or a fragment
    if (root.nodeType > 8) {
      observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
    }
  }
  return () => {
    waiting.delete(told);
    if (!waiting.size) observer.disconnect();
  };
}

/** Something came of whatever waits; of a request, what comes of it is over when this is called. */
export function happened(requests = 0, failed?: boolean): () => void {
  const all = [...waiting];
  all.forEach((told) => told(requests, failed));
  return () => all.forEach((told) => told(-requests));
}

/** A selection came, grew or went; that a caret moved in a text means nothing. */
function selectionChanged(): void {
  const before = selected;
  selected = !getSelection()!.isCollapsed;
  if (before || selected) calm();
}

function calm(): void {
  calmedAt = performance.now();
  happened();
}
