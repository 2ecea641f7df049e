/**
 * CLS: how far the page jumped about under somebody's eyes, in the worst of its session windows. A
 * window ends after a second without a shift, or when it is 5 seconds long.
 */

import { observe } from "./observe";
import { selectorOf } from "./selector";
import type { Measured } from "./vitals";

interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: { readonly node: Node | null }[];
}

const GAP_MS = 1000;
const WINDOW_MS = 5000;

interface Window {
  value: number;
  readonly began: number;
  last: number;
  largest: number;
  target: string;
  time: number;
}

let current: Window | undefined;
let worst: Window | undefined;
let take: (() => void) | undefined;

export function watchShifts(): void {
  take = observe<LayoutShift>(["layout-shift"], (shift) => {
    const { value, startTime } = shift;
    // Within half a second of input it is what somebody asked for.
    if (shift.hadRecentInput) return;
    if (
      !current ||
      startTime - current.last >= GAP_MS ||
      startTime - current.began >= WINDOW_MS
    ) {
      current = { value: 0, began: startTime, last: 0, largest: 0, target: "", time: 0 };
    }
    current.value += value;
    current.last = startTime;
    if (value >= current.largest) {
      current.largest = value;
      current.target = targetOf(shift);
      current.time = startTime;
    }
    if (!worst || current.value > worst.value) worst = current;
  });
}

export function restartShifts(): void {
  take?.();
  current = worst = undefined;
}

/** There is a CLS, of 0 perhaps, where there was something to see. */
export function readShifts(values: Measured, attribution: Measured): void {
  take?.();
  if (!take || values.fcp === undefined) return;
  values.cls = worst ? worst.value : 0;
  if (!worst) return;
  attribution.cls_target = worst.target;
  attribution.cls_time = worst.time;
}

/** The first element among what moved; else the element of a text that did. */
function targetOf({ sources = [] }: LayoutShift): string {
  return selectorOf((sources.find(({ node }) => node?.nodeType === 1) || sources[0])?.node);
}
