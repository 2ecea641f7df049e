/**
 * TTFB, FCP and LCP: how long the page took to answer, to show something, and to show what is largest.
 *
 * Times count from when somebody came to see the page: the navigation, or the activation of a
 * prerendered one. What was painted after the page had been hidden says when its tab was looked at
 * again, not how fast it is, and is left out.
 */

import { addressOf } from "./address";
import { isHidden } from "./listen";
import { navigationEntry, observe, takeEntries, type Navigation } from "./observe";
import { selectorOf } from "./selector";
import type { Measured } from "./vitals";

declare global {
  interface Document {
    readonly prerendering?: boolean;
  }
}

interface LargestPaint extends PerformanceEntry {
  readonly element: Element | null;
  readonly id: string;
  readonly url: string;
}

/** When somebody came to see the page: later than the navigation if it was prerendered. */
let began: number;
let hiddenAt: number;
let fcp: number | undefined;
let lcp: number | undefined;
let largest: LargestPaint | undefined;
let target: string;
/** Whether it came back from the cache. */
export let returned: boolean | undefined;
let observesLargest: boolean;

export function watchPaint(): void {
  began = navigationEntry()?.activationStart || 0;
  const hidden = performance
    .getEntriesByType("visibility-state")
    .find((entry) => entry.name === "hidden" && entry.startTime >= began);
  // Where the browser keeps no such record, a page that is hidden now is taken to have always been.
  hiddenAt = hidden ? hidden.startTime : isHidden() ? 0 : Infinity;
  observe(["paint"], (entry) => {
    if (entry.name === "first-contentful-paint" && counts(entry)) fcp = since(entry.startTime);
  });
  // Browsers stop at the first click, key or scrolling: what comes then is no part of the loading.
  observesLargest = observe<LargestPaint>(["largest-contentful-paint"], (entry) => {
    if (!counts(entry)) return;
    lcp = since(entry.startTime);
    largest = entry;
    // The element may be gone when the page is left. If it is gone now, its id is all there is.
    target = selectorOf(entry.element) || (entry.id && "#" + entry.id);
  });
}

/** The page is back from the cache since `at`, and painted anew within two frames, whole. */
export function restartPaint(at: number): void {
  returned = true;
  fcp = lcp = largest = undefined;
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      fcp = performance.now() - at;
      if (observesLargest) lcp = fcp;
    }),
  );
}

export function readPaint(values: Measured, attribution: Measured): void {
  if (isHidden()) hiddenAt = Math.min(hiddenAt, performance.now());
  takeEntries();
  const navigation = answered();
  if (navigation) values.ttfb = returned ? 0 : since(navigation.responseStart);
  values.fcp = fcp;
  values.lcp = lcp;
  if (!navigation || returned) return;
  readAnswer(navigation, attribution);
  if (largest) readLargest(largest, since(navigation.responseStart), attribution);
}

/** The parts of TTFB, whose sum it is. Redirects, cache and service worker are part of the waiting. */
function readAnswer(navigation: Navigation, attribution: Measured): void {
  const { domainLookupStart, connectStart, connectEnd, responseStart } = navigation;
  attribution.ttfb_waiting = since(domainLookupStart);
  attribution.ttfb_dns = since(connectStart) - since(domainLookupStart);
  attribution.ttfb_connect = since(connectEnd) - since(connectStart);
  attribution.ttfb_request = since(responseStart) - since(connectEnd);
}

/** The parts of LCP after TTFB, whose sum is the rest of it: finding, fetching, showing. */
function readLargest({ url, startTime }: LargestPaint, ttfb: number, attribution: Measured): void {
  // Of several requests the last before the paint. A film is still coming in when its first picture
  // is painted, so its end is not looked at.
  const request = (performance.getEntriesByName(url, "resource") as PerformanceResourceTiming[])
    .filter((entry) => startOf(entry) <= startTime)
    .pop();
  const asked = Math.max(ttfb, since(request && startOf(request)));
  const came = Math.min(lcp!, Math.max(asked, since(request?.responseEnd)));
  attribution.lcp_target = target;
  attribution.lcp_url = url && addressOf(url);
  attribution.lcp_load_delay = asked - ttfb;
  attribution.lcp_load_time = came - asked;
  attribution.lcp_render_delay = lcp! - came;
}

/** Other sites tell when a request was made only if they wish. */
function startOf(request: PerformanceResourceTiming): number {
  return request.requestStart || request.startTime;
}

function counts(entry: PerformanceEntry): boolean {
  return !returned && entry.startTime < hiddenAt;
}

function since(time: number | undefined): number {
  return Math.max(time! - began || 0, 0);
}

/**
 * Undefined where it makes no sense: browsers have said 0, less, and the future
 * (https://github.com/GoogleChrome/web-vitals/issues/137, /162 and /275).
 */
function answered(): Navigation | undefined {
  const entry = navigationEntry();
  return entry && entry.responseStart > 0 && entry.responseStart < performance.now() ? entry : undefined;
}
