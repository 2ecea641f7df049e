/**
 * Uncaught errors and rejected promises of the page, and errors that the site caught and reports.
 *
 * A loop that throws must not flood anybody, so a page load tells of each kind of error a few times
 * and of all together a hundred. Errors of browser extensions are not the site's.
 */

import { add } from "./batch";
import { moment, now } from "./clock";
import { plain, type EventOptions } from "./event";
import { listen } from "./listen";
import { liveView } from "./view";

const SAME_MAX = 5;
const ALL_MAX = 100;

const ADDRESS = /[a-z-]+:\/\/[^\s)]+/;
// Where code of extensions is, "chrome-extension://..." and its like; or what browsers report when an
// observer's callbacks go on in the next frame: nothing failed, and neither the page nor we can prevent
// it (https://github.com/w3c/csswg-drafts/issues/5488).
const OTHERS = /^([a-z-]+-extension:|webkit-masked-url:|ResizeObserver loop)/;

const seen: Record<string, number> = {};
let all = 0;

/** What told of an error: the browser, a promise nobody caught, the site, or this script of itself. */
type Source = "error" | "rejection" | "reported" | "script";

/** What is called whenever an error was recorded. */
export const onError: (() => void)[] = [];

export function watchErrors(): void {
  listen("error unhandledrejection", recordUncaught);
}

/** Records what one of the browser's two events tells of, at the time of the event. */
export function recordUncaught(event: globalThis.Event): void {
  const told = event as ErrorEvent & PromiseRejectionEvent;
  // An image that does not load has an "error" of its own.
  if (told.target !== window) return;
  const source = told.type.replace("unhandled", "") as Source;
  recordError(source, told.error ?? told.reason, moment(told.timeStamp), told.message, told.filename);
}

/** vigie('error', error, {attributes: {step: 'signature'}}) */
export function reportError(thrown: unknown, options: EventOptions): void {
  recordError("reported", thrown, now(), "", "", options.attributes);
}

/**
 * Records an error, however it looks: anything at all can be thrown. What the browser `said` of it, and
 * the `file` it named, count where the error itself has no message or stack.
 */
export function recordError(
  source: Source,
  thrown: unknown,
  at: number,
  said = "",
  file = "",
  attributes?: Record<string, unknown>,
): void {
  // Not instanceof: an error may come from another frame, with an Error of its own.
  const error = thrown as Record<string, unknown> | null | undefined;
  const kind = String(error?.name || "Error");
  const text = String(error?.message ?? (said || thrown));
  const frames = String(error?.stack || file);
  const place = (ADDRESS.exec(frames) || [""])[0];
  const fingerprint = `${kind}:${text.replace(/\d+/g, "0")}:${place}`;
  const same = seen[fingerprint] || 0;
  if (OTHERS.test(place) || OTHERS.test(text) || all >= ALL_MAX || same >= SAME_MAX) return;
  // An error alone does not mean that somebody is there: an ended session stays ended.
  const view = liveView();
  if (!view) return;
  seen[fingerprint] = same + 1;
  all++;
  const event = {
    name: kind,
    message: withoutQueries(text),
    stack: withoutQueries(frames),
    source,
    attributes: plain(attributes),
  };
  add(view, "error", at, event, true);
  onError.forEach((told) => told());
}

/** Addresses without their queries and fragments, which may hold anything, but with line and column. */
function withoutQueries(text: string): string {
  return text.replace(/(:\/\/[^\s?#)]*)[?#][^\s)]*?((:\d+){0,2})(?![^\s)])/g, "$1$2");
}
