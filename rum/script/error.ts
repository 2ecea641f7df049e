/**
 * Uncaught errors and rejected promises of the page, and errors that the site caught and reports.
 *
 * A loop that throws must not flood anybody, so a page load tells of each kind of error a few times
 * and of all together a hundred. Errors of browser extensions are not the site's.
 */

import { add } from "./batch";
import { moment, now } from "./clock";
import { plain, type EventOptions } from "./event";
import { guard } from "./guard";
import { liveView } from "./view";

const SAME_MAX = 5;
const ALL_MAX = 100;

const EXTENSION = /^(?:(?:chrome|moz|safari|safari-web)-extension|webkit-masked-url):\/\//;
const ADDRESS = /[a-z-]+:\/\/[^\s)]+/;
// Browsers report that an observer's callbacks go on in the next frame; nothing failed, and neither
// the page nor we can prevent it (https://github.com/w3c/csswg-drafts/issues/5488).
const NOISE = /^ResizeObserver loop/;

const seen = new Map<string, number>();
let all = 0;

/** What told of an error: the browser, a promise nobody caught, the site, or this script of itself. */
type Source = "error" | "rejection" | "reported" | "script";

const watching: (() => void)[] = [];

/** Calls `told` whenever an error was recorded. */
export function whenErrorRecorded(told: () => void): void {
  watching.push(told);
}

export function watchErrors(): void {
  for (const type of ["error", "unhandledrejection"]) addEventListener(type, guard(recordUncaught));
}

/** Records what one of the browser's two events tells of, at the time of the event. */
export function recordUncaught(event: globalThis.Event): void {
  const { message, filename, error, reason } = event as ErrorEvent & PromiseRejectionEvent;
  note(event.type === "error" ? "error" : "rejection", error ?? reason, moment(event.timeStamp), message, filename);
}

/** vigie('error', error, {attributes: {step: 'signature'}}) */
export function reportError(thrown: unknown, options: EventOptions): void {
  note("reported", thrown, now(), "", "", options.attributes);
}

/** Records an error, however it looks: anything at all can be thrown. */
export function recordError(
  source: Source,
  name: string,
  message: string,
  stack: string,
  at = now(),
  attributes?: Record<string, unknown>,
): void {
  const fingerprint = `${name}:${message.replace(/\d+/g, "0")}:${firstFrame(stack)}`;
  const times = seen.get(fingerprint) || 0;
  if (times >= SAME_MAX || all >= ALL_MAX) return;
  // An error alone does not mean that somebody is there: an ended session stays ended.
  const view = liveView();
  if (!view) return;
  seen.set(fingerprint, times + 1);
  all++;
  const event = {
    name,
    message: withoutQueries(message),
    stack: withoutQueries(stack),
    source,
    attributes: plain(attributes),
  };
  add(view, "error", at, event, true);
  watching.forEach((told) => told());
}

function note(
  source: Source,
  thrown: unknown,
  at: number,
  said = "",
  file = "",
  attributes?: Record<string, unknown>,
): void {
  // Not instanceof: an error may come from another frame, with an Error of its own.
  const { name, message, stack } = (thrown || {}) as Record<string, unknown>;
  const text = String(message ?? (said || thrown));
  const frames = String(stack || "");
  if (EXTENSION.test(file) || EXTENSION.test(firstFrame(frames)) || NOISE.test(text)) return;
  recordError(source, String(name || "Error"), text, frames || file, at, attributes);
}

/** The address of the code that threw; "" where the stack names none. */
function firstFrame(stack: string): string {
  return (ADDRESS.exec(stack) || [""])[0];
}

/** Addresses without their queries and fragments, which may hold anything, but with line and column. */
function withoutQueries(text: string): string {
  return text.replace(/(\w:\/\/[^\s?#)]*)[?#][^\s)]*?((?::\d+){0,2})(?=[\s)]|$)/g, "$1$2");
}
