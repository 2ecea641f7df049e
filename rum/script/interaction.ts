/**
 * INP: how long somebody waited to see what their click, touch or key did; of all interactions the
 * slowest, but for one in 50.
 */

import { longestScript, watchFrames, type LongestScript } from "./frame";
import { endOf, observe, whenIdle } from "./observe";
import { returned } from "./paint";
import { selectorOf } from "./selector";
import type { Measured } from "./vitals";

/** Two and a half pictures of a screen. The first interaction is told of however short it was. */
const DURATION_MIN_MS = 40;
/** The shortest that a browser tells of, needed only to count where it does not count itself. */
const DURATION_LEAST_MS = 16;
/** Interactions of which one may be slower than INP: its 98th percentile. */
const ONE_IN = 50;
/** Browsers number interactions in such steps, lest somebody count by the numbers. */
const ID_STEP = 7;
const LONGEST_MAX = 10;
const GROUPS_MAX = 10;
/** Durations are rounded to this, so events painted together may seem to be as far apart. */
const ROUNDED_MS = 8;

interface EventTiming extends PerformanceEventTiming {
  /** Where the element is gone; Chromium has it. */
  readonly targetSelector?: string;
}

/** Events that were shown by the same frame. */
interface Group {
  readonly end_: number;
  began_: number;
  done_: number;
}

interface Interaction {
  target_: string;
  /** Its slowest event, and what goes with that: */
  slowest_: EventTiming;
  group_: Group;
  script_?: LongestScript | undefined;
}

let queue: EventTiming[] = [];
let groups: Group[] = [];
let longest: Interaction[] = [];
let firstId = 0;
let lastId = 0;
let countBefore = 0;

export function watchInteractions(): void {
  watchFrames();
  // Browsers that do not tell which events are of one interaction give nothing to go by (see note).
  observe<EventTiming>(
    ["event", "first-input"],
    (entry) => {
      // Later: the events of one interaction come in several portions, and nobody waits for us.
      if (!queue[0]) whenIdle(process);
      queue.push(entry);
    },
    counted() == null ? DURATION_LEAST_MS : DURATION_MIN_MS,
  );
}

export function restartInteractions(): void {
  process();
  longest = [];
  countBefore = count();
}

export function readInteractions(values: Measured, attribution: Measured): void {
  process();
  const since = count() - countBefore;
  const chosen = longest[Math.min(longest.length - 1, Math.floor(since / ONE_IN))];
  // All were too short to be told of. (Of a page that did not return, the first is told of.)
  if (!chosen && returned && since) values.inp = ROUNDED_MS;
  if (!chosen) return;
  const { slowest_: slowest, group_: group, script_: script } = chosen;
  const { startTime } = slowest;
  // When its handlers, and others of the same frame, began and were done, and when all was shown.
  const began = Math.max(group.began_, startTime);
  // Rounding may put it before; and a handler that opens a dialogue goes on after something was shown
  // (https://github.com/GoogleChrome/web-vitals/issues/492).
  const shown = Math.max(endOf(slowest), began);
  const done = Math.min(group.done_, shown);
  values.inp = slowest.duration;
  attribution.inp_target = chosen.target_;
  attribution.inp_type = slowest.name.startsWith("key") ? "keyboard" : "pointer";
  attribution.inp_input_delay = began - startTime;
  attribution.inp_processing = done - began;
  attribution.inp_presentation = shown - done;
  attribution.inp_script = script?.script;
  attribution.inp_script_time = script?.script_time;
}

function process(): void {
  queue.splice(0).forEach(note);
  // A frame may be told of after its events.
  for (const interaction of longest) {
    // What is known already stays known when its frame is forgotten.
    interaction.script_ =
      longestScript(interaction.slowest_.startTime, interaction.group_.done_) || interaction.script_;
  }
}

function note(entry: EventTiming): void {
  const { interactionId: id, duration } = entry;
  firstId ||= id;
  lastId = Math.max(lastId, id);
  if (duration < DURATION_MIN_MS && entry.entryType === "event") return;
  const group = groupOf(entry);
  if (!id) return;
  const known = longest.find((one) => one.slowest_.interactionId === id);
  const target = known?.target_ || selectorOf(entry.target) || entry.targetSelector || "";
  if (known) known.target_ = target;
  if (known && duration <= known.slowest_.duration) return;
  longest = [...longest.filter((one) => one !== known), { slowest_: entry, group_: group, target_: target }]
    .sort((one, other) => other.slowest_.duration - one.slowest_.duration)
    .slice(0, LONGEST_MAX);
}

/** The events that were shown with this one, it among them. */
function groupOf(entry: EventTiming): Group {
  const end = endOf(entry);
  let group = groups.find((one) => Math.abs(one.end_ - end) <= ROUNDED_MS);
  if (!group) {
    group = { end_: end, began_: Infinity, done_: 0 };
    groups = [group, ...groups].slice(0, GROUPS_MAX);
  }
  group.began_ = Math.min(group.began_, entry.processingStart);
  group.done_ = Math.max(group.done_, entry.processingEnd);
  return group;
}

/** Interactions of this page load; of a browser that does not count them, by its numbers. */
function count(): number {
  return counted() ?? (lastId - firstId) / ID_STEP + 1;
}

function counted(): number | undefined {
  return (performance as { interactionCount?: number }).interactionCount;
}
