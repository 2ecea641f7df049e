/**
 * Long animation frames: the page stood still, and which script it was. Long tasks where the browser
 * knows no more.
 */

import { addressOf } from "./address";
import { add, type View } from "./batch";
import { moment } from "./clock";
import { endOf, observe } from "./observe";
import { template } from "./template";
import { liveView } from "./view";

/** What somebody notices: their click waited so long, or so did the picture. */
const BLOCKING_MIN_MS = 100;
const DURATION_MIN_MS = 200;
const VIEW_MAX = 10;
const ALL_MAX = 50;
/** Frames whose scripts are remembered for interactions that are told of later. */
const RECENT_MAX = 20;
/** A long task blocks for all that it takes beyond this. */
const TASK_MS = 50;

interface Script extends PerformanceEntry {
  readonly sourceURL: string;
  readonly invoker: string;
  readonly invokerType: string;
}

interface LongFrame extends PerformanceEntry {
  readonly blockingDuration?: number;
  readonly scripts?: Script[];
}

export interface LongestScript {
  readonly entry_: Script;
  /** How much of it counts, in milliseconds. */
  readonly time: number;
}

let recent: LongFrame[] = [];
let view: View | undefined;
let ofView = 0;
let all = 0;

export function watchFrames(): void {
  observe(["long-animation-frame"], note) || observe(["longtask"], note);
}

/** The script that took most of the time from `start` on, in frames that were going on until `end`. */
export function longestScript(start: number, end: number): LongestScript | undefined {
  return longest(
    recent.filter((frame) => endOf(frame) >= start && frame.startTime <= end),
    start,
  );
}

function note(frame: LongFrame): void {
  recent = [...recent.slice(1 - RECENT_MAX), frame];
  const { duration, blockingDuration = duration - TASK_MS, startTime } = frame;
  if (blockingDuration < BLOCKING_MIN_MS && duration < DURATION_MIN_MS) return;
  // It alone does not mean that somebody is there: an ended session stays ended.
  const current = liveView();
  if (!current) return;
  if (view !== current) ofView = 0;
  view = current;
  if (++ofView > VIEW_MAX || ++all > ALL_MAX) return;
  const script = longest([frame], 0);
  add(view, "frame", moment(startTime), {
    duration,
    blocking: blockingDuration,
    ...(script && {
      script: addressOf(script.entry_.sourceURL),
      script_time: script.time,
      invoker: invokerOf(script.entry_),
    }),
  });
}

function longest(frames: LongFrame[], start: number): LongestScript | undefined {
  let found: LongestScript | undefined;
  for (const entry of frames.flatMap((frame) => frame.scripts || [])) {
    const time = endOf(entry) - Math.max(start, entry.startTime);
    if (time > (found ? found.time : 0)) found = { entry_: entry, time };
  }
  return found;
}

/** "BUTTON#sign.onclick", "TimerHandler:setTimeout". A script that runs by itself has its address. */
function invokerOf({ invoker, invokerType }: Script): string {
  // IMG[src=/photo?of=jane].onload
  return /script$/.test(invokerType) ? "" : template(invoker.replace(/\[src=.*\]/, ""));
}
