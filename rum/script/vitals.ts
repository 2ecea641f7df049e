/**
 * Web vitals of a page load, by Google's web-vitals: LCP, INP, CLS, FCP and TTFB.
 *
 * They belong to the view that the browser measured them for: the first of the load, or the one a page
 * begins when it comes back from the back/forward cache. Views within a single-page application have
 * none of their own: Chromium alone can measure those ("soft navigations", 151+), and counting them
 * there would end the load's CLS and INP early, so that its figures and Safari's would mean different
 * things. The latest full set is sent when the page is hidden and when a view ends; a later set of
 * the same view replaces it.
 */

import { onCLS, onFCP, onINP, onLCP, onTTFB, type Metric } from "web-vitals";

import { add, type View } from "./batch";
import { now } from "./clock";
import { guard } from "./guard";

let view: View | undefined;
let values: Record<string, number> = {};
let changed = false;

/** Measures from now on, for `first`. What was painted before we came is in the browser's buffers. */
export function watchVitals(first: View): void {
  view = first;
  // All changes, so that our copy is current when we want it, not only when web-vitals would report.
  const options = { reportAllChanges: true };
  for (const observe of [onCLS, onFCP, onINP, onLCP, onTTFB]) observe(guard(note), options);
}

/** The page came back from the cache: web-vitals begins anew, and so do we, for `restored`. */
export function restartVitals(restored: View): void {
  view = restored;
  values = {};
  changed = false;
}

/** Sends the set as it stands, where it is another than was sent before or `again` is asked for. */
export function recordVitals(again = false): void {
  if (!view || !(changed || (again && Object.keys(values)[0]))) return;
  changed = false;
  add(view, { kind: "vitals", at: now(), ...values });
}

function note({ name, value }: Metric): void {
  // CLS is a sum of ratios; the others are milliseconds, which no browser knows to the microsecond.
  values[name.toLowerCase()] = name === "CLS" ? round(value, 1e4) : round(value, 10);
  changed = true;
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
