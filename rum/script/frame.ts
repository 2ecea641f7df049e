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

/** As it is told of. */
export interface LongestScript {
  readonly script: string;
  /** How much of it counts, in milliseconds. */
  readonly script_time: number;
  readonly invoker: string;
}

let recent: LongFrame[] = [];
let view: View | undefined;
let ofView: number;
let all = 0;

export function watchFrames(): void {
  observe(["long-animation-frame"], note) || observe(["longtask"], note);
}

/** The script that took most of the time from `start` on, in frames that were going on until `end`. */
export function longestScript(start: number, end: number, frames = recent): LongestScript | undefined {
  let found: Script | undefined;
  let most = 0;
  for (const frame of frames) {
    if (endOf(frame) < start || frame.startTime > end) continue;
    for (const script of frame.scripts || []) {
      const time = endOf(script) - Math.max(start, script.startTime);
      if (time > most) [found, most] = [script, time];
    }
  }
  return found && { script: addressOf(found.sourceURL), script_time: most, invoker: invokerOf(found) };
}

function note(frame: LongFrame): void {
  recent = [...recent.slice(1 - RECENT_MAX), frame];
  const { duration, blockingDuration = duration - TASK_MS } = frame;
  if (blockingDuration < BLOCKING_MIN_MS && duration < DURATION_MIN_MS) return;
  // It alone does not mean that somebody is there: an ended session stays ended.
  const current = liveView();
  if (!current) return;
  if (view !== current) ofView = 0;
  view = current;
  if (++ofView > VIEW_MAX || ++all > ALL_MAX) return;
  add(view, "frame", moment(frame.startTime), {
    duration,
    blocking: blockingDuration,
    ...longestScript(0, Infinity, [frame]),
  });
}

/** "BUTTON#sign.onclick", "TimerHandler:setTimeout". A script that runs by itself has its address. */
function invokerOf(script: Script): string {
  // IMG[src=/photo?of=jane].onload
  return /script$/.test(script.invokerType) ? "" : template(script.invoker.replace(/\[src=.*\]/, ""));
}
