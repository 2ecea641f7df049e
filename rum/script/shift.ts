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
  sum_: number;
  readonly began_: number;
  last_: number;
  /** Of its largest shift: */
  largest_: number;
  target_?: string;
  time_?: number;
}

let current: Window | undefined;
let worst: Window | undefined;
let observed: boolean;

export function watchShifts(): void {
  observed = observe<LayoutShift>(["layout-shift"], (shift) => {
    const { value, startTime } = shift;
    // Within half a second of input it is what somebody asked for.
    if (shift.hadRecentInput) return;
    if (
      !current ||
      startTime - current.last_ >= GAP_MS ||
      startTime - current.began_ >= WINDOW_MS
    ) {
      current = { sum_: 0, began_: startTime, last_: 0, largest_: 0 };
    }
    current.sum_ += value;
    current.last_ = startTime;
    if (value >= current.largest_) {
      current.largest_ = value;
      current.target_ = targetOf(shift);
      current.time_ = startTime;
    }
    if (!worst || current.sum_ > worst.sum_) worst = current;
  });
}

export function restartShifts(): void {
  current = worst = undefined;
}

/** There is a CLS, of 0 perhaps, where there was something to see. */
export function readShifts(values: Measured, attribution: Measured): void {
  if (!observed || values.fcp === undefined) return;
  values.cls = worst?.sum_ || 0;
  attribution.cls_target = worst?.target_;
  attribution.cls_time = worst?.time_;
}

/** The first element among what moved; else the element of a text that did. */
function targetOf({ sources = [] }: LayoutShift): string {
  return selectorOf((sources.find((source) => source.node?.nodeType === 1) || sources[0])?.node);
}
