/**
 * Web vitals of a page load: LCP, INP, CLS, FCP and TTFB, each with what it is made of and what it was
 * that took so long. They are what Google's web-vitals 6.2 computes, and are held against it.
 *
 * They belong to the view that the browser measured them for: the first of the load, or the one a page
 * begins when it comes back from the back/forward cache. Views within a single-page application have
 * none of their own: Chromium alone can measure those ("soft navigations", 151+), and counting them
 * there would end the load's CLS and INP early, so that its figures and Safari's would mean different
 * things. The latest full set is sent when the page is hidden and when a view ends; a later set of
 * the same view replaces it.
 */

import { add, type View } from "./batch";
import { now } from "./clock";
import { readInteractions, restartInteractions, watchInteractions } from "./interaction";
import { readPaint, restartPaint, watchPaint } from "./paint";
import { readShifts, restartShifts, watchShifts } from "./shift";

/** Figures and texts by the names they are sent under; what is undefined or "" is not. */
export type Measured = Record<string, number | string | undefined>;

const TEXT_LENGTH_MAX = 200;

let view: View | undefined;
let sent = "";

/** Measures from now on, for `first`. What was painted before we came is in the browser's buffers. */
export function watchVitals(first: View): void {
  view = first;
  watchPaint();
  watchShifts();
  watchInteractions();
}

/** The page came back from the cache at `at`, ms since its time origin: all begins anew, for `restored`. */
export function restartVitals(restored: View, at: number): void {
  view = restored;
  sent = "";
  restartPaint(at);
  restartShifts();
  restartInteractions();
}

/** Sends the set as it stands, where it is another than was sent before or `again` is asked for. */
export function recordVitals(again = false): void {
  if (!view) return;
  const values: Measured = {};
  const details: Measured = {};
  readPaint(values, details);
  readShifts(values, details);
  readInteractions(values, details);
  const set = { ...tidy(values), attribution: tidy(details) };
  const text = JSON.stringify(set);
  // Attribution alone is nothing to tell of.
  if ((text === sent && !again) || !Object.keys(set)[1]) return;
  sent = text;
  add(view, { kind: "vitals", at: now(), ...set });
}

function tidy(measured: Measured): Measured {
  const kept: Measured = {};
  for (const [name, value] of Object.entries(measured)) {
    // CLS is a sum of ratios; the others are milliseconds, which no browser knows to the microsecond.
    if (typeof value === "number") kept[name] = round(value, name === "cls" ? 1e4 : 10);
    else if (value) kept[name] = value.slice(0, TEXT_LENGTH_MAX);
  }
  return kept;
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
