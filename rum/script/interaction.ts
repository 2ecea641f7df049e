/**
 * INP: how long somebody waited to see what their click, touch or key did; of all interactions the
 * slowest, but for one in 50.
 */

import { addressOf } from "./address";
import { longestScript, watchFrames, type LongestScript } from "./frame";
import { endOf, observe, whenIdle } from "./observe";
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
  readonly end: number;
  began: number;
  done: number;
}

/** Holds no entry, for an entry holds its element, and the page may be done with that. */
interface Interaction {
  readonly id: number;
  target: string;
  /** Of its slowest event: */
  duration: number;
  start: number;
  name: string;
  group_: Group;
  script?: LongestScript | undefined;
}

let queue: EventTiming[] = [];
let groups: Group[] = [];
let longest: Interaction[] = [];
let firstId = 0;
let lastId = 0;
let countBefore = 0;
let returned = false;

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
  returned = true;
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
  values.inp = chosen.duration;
  readInteraction(chosen, attribution);
}

function readInteraction(interaction: Interaction, attribution: Measured): void {
  const { start, name, target, script } = interaction;
  const [began, done, shown] = phases(interaction);
  attribution.inp_target = target;
  attribution.inp_type = name.startsWith("key") ? "keyboard" : "pointer";
  attribution.inp_input_delay = began - start;
  attribution.inp_processing = done - began;
  attribution.inp_presentation = shown - done;
  if (!script) return;
  attribution.inp_script = addressOf(script.entry_.sourceURL);
  attribution.inp_script_time = script.time;
}

/** When its handlers, and others of the same frame, began and were done, and when all was shown. */
function phases({ start, duration, group_: group }: Interaction): [number, number, number] {
  const began = Math.max(group.began, start);
  // Rounding may put it before; and a handler that opens a dialogue goes on after something was shown
  // (https://github.com/GoogleChrome/web-vitals/issues/492).
  const shown = Math.max(start + duration, began);
  return [began, Math.min(group.done, shown), shown];
}

function process(): void {
  queue.splice(0).forEach(note);
  // A frame may be told of after its events.
  for (const interaction of longest) {
    const script = longestScript(interaction.start, phases(interaction)[1]);
    if (script && !(interaction.script && interaction.script.time > script.time)) {
      interaction.script = script;
    }
  }
}

function note(entry: EventTiming): void {
  const { interactionId: id, duration, startTime: start, name } = entry;
  if (id) {
    firstId ||= id;
    lastId = Math.max(lastId, id);
  }
  if (duration < DURATION_MIN_MS && entry.entryType === "event") return;
  const group = groupOf(entry);
  if (!id) return;
  const known = longest.find((one) => one.id === id);
  const slowest = { duration, start, name, group_: group, script: undefined };
  const interaction = known || { id, target: "", ...slowest };
  if (!known) longest.push(interaction);
  else if (duration > known.duration) Object.assign(known, slowest);
  longest = longest.sort((one, other) => other.duration - one.duration).slice(0, LONGEST_MAX);
  if (longest.includes(interaction)) {
    interaction.target ||= selectorOf(entry.target) || entry.targetSelector || "";
  }
}

/** The events that were shown with this one, it among them. */
function groupOf(entry: EventTiming): Group {
  const end = endOf(entry);
  let group = groups.find((one) => Math.abs(one.end - end) <= ROUNDED_MS);
  if (!group) {
    group = { end, began: Infinity, done: 0 };
    groups = [group, ...groups].slice(0, GROUPS_MAX);
  }
  group.began = Math.min(group.began, entry.processingStart);
  group.done = Math.max(group.done, entry.processingEnd);
  return group;
}

/** Interactions of this page load; of a browser that does not count them, by its numbers. */
function count(): number {
  return counted() ?? (lastId - firstId) / ID_STEP + +!!lastId;
}

function counted(): number | undefined {
  return (performance as { interactionCount?: number }).interactionCount;
}
