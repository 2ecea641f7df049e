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

import type { View } from "./batch";
import { readInteractions, restartInteractions, watchInteractions } from "./interaction";
import { addSource } from "./latest";
import { takeEntries } from "./observe";
import { readPaint, restartPaint, watchPaint } from "./paint";
import { tidy } from "./tidy";
import { firstView } from "./view";
import { readShifts, restartShifts, watchShifts } from "./shift";

/** Figures and texts by the names they are sent under; what is undefined or "" is not. */
export type Measured = Record<string, number | string | undefined>;

let view: View;

/** Measures from now on, for the first view. What was painted before we came is in the browser's buffers. */
export function watchVitals(): void {
  view = firstView();
  watchPaint();
  watchShifts();
  watchInteractions();
  addSource((tell) => {
    const values: Measured = {};
    const details: Measured = {};
    readPaint(values, details);
    readShifts(values, details);
    readInteractions(values, details);
    const set = tidy(values);
    // Attribution alone is nothing to tell of.
    if (Object.keys(set)[0]) tell(view, "vitals", { ...set, attribution: tidy(details) });
  });
}

/** The page came back from the cache at `at`, ms since its time origin: all begins anew, for `restored`. */
export function restartVitals(restored: View, at: number): void {
  view = restored;
  takeEntries();
  restartPaint(at);
  restartShifts();
  restartInteractions();
}
