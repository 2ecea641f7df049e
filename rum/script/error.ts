/**
 * Uncaught errors and rejected promises of the page.
 *
 * A loop that throws must not flood anybody, so a page load tells of each kind of error a few times
 * and of all together a hundred. Errors of browser extensions are not the site's.
 */

import { add } from "./batch";
import { now } from "./clock";
import { guard } from "./guard";
import { liveView } from "./view";

const SAME_MAX = 5;
const ALL_MAX = 100;
const NAME_LENGTH_MAX = 100;
const MESSAGE_LENGTH_MAX = 500;
const STACK_LENGTH_MAX = 3000;

const EXTENSION = /^(?:(?:chrome|moz|safari|safari-web)-extension|webkit-masked-url):\/\//;
const ADDRESS = /[a-z-]+:\/\/[^\s)]+/;
// Browsers report that an observer's callbacks go on in the next frame; nothing failed, and neither
// the page nor we can prevent it (https://github.com/w3c/csswg-drafts/issues/5488).
const NOISE = /^ResizeObserver loop/;

const seen = new Map<string, number>();
let all = 0;

export function watchErrors(): void {
  addEventListener(
    "error",
    guard((event: ErrorEvent) => note(event.error, event.message, event.filename)),
  );
  addEventListener(
    "unhandledrejection",
    guard((event: PromiseRejectionEvent) => note(event.reason, "", "")),
  );
}

/** Records an error, however it looks: anything at all can be thrown. */
export function recordError(name: string, message: string, stack: string): void {
  const fingerprint = `${name}:${message.replace(/\d+/g, "0")}:${firstFrame(stack)}`;
  const times = seen.get(fingerprint) || 0;
  if (times >= SAME_MAX || all >= ALL_MAX) return;
  // An error alone does not mean that somebody is there: an ended session stays ended.
  const view = liveView(now());
  if (!view) return;
  seen.set(fingerprint, times + 1);
  all++;
  const event = {
    kind: "error",
    at: now(),
    name: name.slice(0, NAME_LENGTH_MAX),
    message: withoutQueries(message).slice(0, MESSAGE_LENGTH_MAX),
    stack: withoutQueries(stack).slice(0, STACK_LENGTH_MAX),
  } as const;
  add(view, event, true);
}

function note(thrown: unknown, said: string, file: string): void {
  // Not instanceof: an error may come from another frame, with an Error of its own.
  const { name, message, stack } = (thrown || {}) as Record<string, unknown>;
  const text = String(message ?? (said || thrown));
  const frames = String(stack || "");
  if (EXTENSION.test(file) || EXTENSION.test(firstFrame(frames)) || NOISE.test(text)) return;
  recordError(String(name || "Error"), text, frames || file);
}

/** The address of the code that threw; "" where the stack names none. */
function firstFrame(stack: string): string {
  return (ADDRESS.exec(stack) || [""])[0];
}

/** Addresses without their queries and fragments, which may hold anything, but with line and column. */
function withoutQueries(text: string): string {
  return text.replace(/(\w:\/\/[^\s?#)]*)[?#][^\s)]*?((?::\d+){0,2})(?=[\s)]|$)/g, "$1$2");
}
