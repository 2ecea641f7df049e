/**
 * Batches: events gathered for a while, then sealed under a number and never changed again.
 *
 * The collector's store knows a batch by (session, number) and drops what comes twice, so a retry is
 * safe exactly because the same number always carries the same events. The number is
 * load * 2^20 + n: `load` is 32 random bits of this page load, so that tabs sharing a session never
 * share a number and need not talk; n counts from 0, so that a hole shows what was lost.
 */

import { maySend, mayGather } from "./consent";
import { guard } from "./guard";
import { tellLatest } from "./latest";
import { hasNet, spreadNet, takeNet } from "./net";
import { randomWords } from "./random";
import { inSample } from "./sample";
import { answered, bytesOf, enqueue } from "./send";
import { peek } from "./session";
import { rate, tag } from "./tag";
import { tidy } from "./tidy";

/** A batch waits this long for more events... */
const WAIT_MS = 10_000;
/** ...but this long once it holds something that somebody may be waiting for. */
const WAIT_URGENT_MS = 1000;
/** Urgent batches of a page load; what comes after them waits like all else. */
const URGENT_MAX = 50;
const EVENTS_MAX = 50;
const BYTES_MAX = 14_000;
/** The net is spread at once under what is new, but not more often... */
const SPREAD_EVERY_MS = 1000;
/** ...and not before the page has begun and the first batch was answered. */
const SPREAD_FIRST_MS = 2000;
/** Batches that a page load can number: at one in 10 s, 120 days of them. */
const BATCHES_MAX = 2 ** 20;
/** What is gathered at most while consent is awaited; what happens after that is not. */
const HELD_BYTES_MAX = 200_000;

/** One page view: where its events belong. */
export interface View {
  session: string;
  readonly number: number;
  /** The page's template, or the name the site gave it. */
  page: string;
  /** What `era` was when it began. */
  readonly era_: number;
}

/** How often all was forgotten. Watchers may still hold views of before, which nothing is told of. */
export let era = 0;

export type Kind = "view" | "vitals" | "error" | "event" | "click" | "request" | "frame" | "leave";

/** What is true of a whole batch, and rides on each. */
export interface Context {
  site?: string | undefined;
  level?: string | undefined;
  user?: string | undefined;
  segments?: Record<string, string | number | boolean> | undefined;
  environment?: string | undefined;
  release?: string | undefined;
  referrer?: string | undefined;
  campaign?: string | null | undefined;
}

export const context: Context = {};

/** The number of this page load: 32 random bits. */
export const load = randomWords(1)[0]!;

interface Gathered {
  readonly view_: View;
  readonly kind_: string;
  /** The event's JSON but for its end, where its view and page go. */
  readonly text_: string;
  readonly bytes_: number;
}

let next = 0;
let gathered: Gathered[] = [];
let gatheredBytes = 0;
let timer: number | undefined;
let timerDue: number | undefined;
let urgentUsed = 0;
let spreading: number | undefined;
let spreadFrom = performance.now() + SPREAD_FIRST_MS;
/** What is in the net. */
let caught: Gathered[];
let settling: (() => void)[] | undefined = [];

/**
 * Adds an event of a view to the batch that is being gathered, which is sent soon if `urgent`. It was
 * `at`, in milliseconds since the epoch by the browser's clock.
 */
export function add(view: View, kind: Kind, at: number, fields: object, urgent = false): void {
  if (view.era_ !== era || !mayGather()) return;
  // Full while consent was awaited; if it has come since, there is room again.
  if (gatheredBytes > HELD_BYTES_MAX) seal();
  if (gatheredBytes > HELD_BYTES_MAX) return;
  const event = eventOf(view, kind, at, fields);
  gathered.push(event);
  gatheredBytes += event.bytes_;
  if (gatheredBytes > BYTES_MAX || gathered.length >= EVENTS_MAX) seal();
  schedule(urgent);
  spreadSoon();
}

function eventOf(view: View, kind: Kind, at: number, fields: object): Gathered {
  const text = JSON.stringify(tidy({ kind, at, ...fields })).slice(0, -1);
  return { view_: view, kind_: kind, text_: text, bytes_: bytesOf(text) + view.page.length + 40 };
}

/** Whether this view itself still waits to be sent, so that it can still be renamed. */
export function waits(view: View): boolean {
  return gathered.some((one) => one.view_ === view && one.kind_ === "view");
}

/** Calls `told` when the session's id is certain: at once, or when the first batch is sealed. */
export function whenSettled(told: () => void): void {
  if (settling) settling.push(told);
  else told();
}

/** The session was there before this page, or its first batch has gone out: its id is certain. */
export function settled(): void {
  const waiting = settling;
  settling = undefined;
  waiting?.forEach((told) => told());
}

/** Drops what was gathered, and what will yet come of the views of until now. */
export function forgetGathered(): void {
  era++;
  take();
  empty();
}

function empty(): void {
  gathered = [];
  gatheredBytes = 0;
}

/** Seals what was gathered, where it may be sent, and hands it over. */
export function seal(): void {
  clearTimeout(timer);
  timerDue = undefined;
  take();
  if (!maySend()) return;
  if (settling) {
    // Tabs opened at one moment each began a session before they could see the other's.
    const agreed = peek();
    if (agreed != null) gathered.forEach((one) => (one.view_.session = agreed));
    if (gathered[0]) settled();
  }
  const all = gathered;
  empty();
  while (all[0]) {
    const text = textOf(cut(all));
    if (!text) continue;
    next++;
    enqueue(text);
  }
  spreadSoon();
}

/** Takes from all of the events, of which there are some, as many of the first as a batch may hold. */
function cut(all: Gathered[]): Gathered[] {
  const { session } = all[0]!.view_;
  let bytes = 0;
  const end = all.findIndex(
    (one, at) =>
      one.view_.session !== session || ((bytes += one.bytes_) > BYTES_MAX && at) || at >= EVENTS_MAX,
  );
  return all.splice(0, end < 0 ? EVENTS_MAX : end);
}

/** The next batch's JSON but for its end; undefined outside the site's sample, of which nothing is sent. */
function textOf(events: Gathered[]): string | undefined {
  const { session } = events[0]!.view_;
  // In storage-free mode the collector draws the sample.
  if (session && !inSample(session, rate(tag.sample, 1))) return undefined;
  const batch = load * BATCHES_MAX + next;
  const header = JSON.stringify({ v: 1, session, batch, ...tidy({ storage_free: !session, ...context }) });
  // Joined by hand: pages with an old Prototype.js have arrays stringified as texts (Array#toJSON).
  const texts = events.map(
    (one) => `${one.text_},"view":${one.view_.number},"page":${JSON.stringify(one.view_.page)}}`,
  );
  // Sent as ...,"sent":123}: the one field that differs from one attempt to the next comes last.
  return `${header.slice(0, -1)},"events":[${texts.join()}]`;
}

/**
 * Spreads the net anew under what is gathered by now and under what is told at the end only, as the
 * batch that comes next.
 */
export function spreadSoon(): void {
  if (hasNet()) spreading ||= setTimeout(guard(spread), spreadFrom - performance.now());
}

function spread(): void {
  spreading = 0;
  spreadFrom = performance.now() + SPREAD_EVERY_MS;
  take();
  // Where a policy or a blocker forbids requests, the browser would say so at each net anew.
  if (!answered) return;
  const all = [...gathered];
  const show: typeof add = (view, kind, at, figures) =>
    view.era_ === era && all.push(eventOf(view, kind, at, figures));
  tellLatest(show, true);
  if (!all[0] || !maySend()) return;
  caught = cut(all);
  const text = textOf(caught);
  // Nobody knows when it will be sent.
  if (text) spreadNet(`${text},"sent":0}`);
}

/** Takes the net away before its number is given to another batch; unless it was used, that is. */
function take(): void {
  if (!takeNet()) return;
  gathered = gathered.filter((one) => !caught.includes(one));
  next++;
}

/** Has what is gathered sealed in a while, soon if `urgent`. */
export function schedule(urgent: boolean): void {
  const wait = urgent && urgentUsed < URGENT_MAX ? WAIT_URGENT_MS : WAIT_MS;
  const due = performance.now() + wait;
  if (timerDue! <= due) return;
  if (urgent) urgentUsed++;
  clearTimeout(timer);
  timerDue = due;
  timer = setTimeout(guard(seal), wait);
}
