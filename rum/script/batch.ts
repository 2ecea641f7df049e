/**
 * Batches: events gathered for a while, then sealed under a number and never changed again.
 *
 * The collector's store knows a batch by (session, number) and drops what comes twice, so a retry is
 * safe exactly because the same number always carries the same events. The number is
 * load * 2^20 + n: `load` is 32 random bits of this page load, so that tabs sharing a session never
 * share a number and need not talk; n counts from 0, so that a hole shows what was lost.
 */

import { now } from "./clock";
import { guard } from "./guard";
import { randomHex } from "./random";
import { enqueue } from "./send";
import { peek } from "./session";

/** A batch waits this long for more events... */
const WAIT_MS = 10_000;
/** ...but this long once it holds something that somebody may be waiting for. */
const WAIT_URGENT_MS = 1000;
/** Urgent batches of a page load that may come at once, and how long it takes to earn another. */
const URGENT_BURST = 20;
const URGENT_EARNED_MS = 10_000;
const EVENTS_MAX = 50;
const BYTES_MAX = 14_000;
const BATCHES_MAX = 2 ** 20;

/** One page view: where its events belong. */
export interface View {
  session: string;
  readonly number: number;
  /** The page's template, or the name the site gave it. */
  page: string;
}

export interface Event {
  readonly kind: "view" | "vitals" | "error" | "event";
  /** Milliseconds since the epoch, by the browser's clock. */
  readonly at: number;
  readonly [field: string]: unknown;
}

/** What is true of a whole batch, and rides on each. */
export interface Context {
  site?: string;
  level?: string;
  user?: string;
  environment?: string;
  release?: string;
  referrer?: string;
  campaign?: string;
}

export const context: Context = {};

const load = parseInt(randomHex(8), 16);
const utf8 = new TextEncoder();

let next = 0;
let pending: { view: View; event: Event }[] = [];
let pendingBytes = 0;
let timer: number | undefined;
let timerDue = 0;
let urgentUsed = 0;

/** Adds an event of a view to the batch that is being gathered, which is sent soon if `urgent`. */
export function add(view: View, event: Event, urgent = false): void {
  if (next >= BATCHES_MAX) return;
  const bytes = utf8.encode(JSON.stringify(event)).length + view.page.length + 40;
  const fits = pendingBytes + bytes <= BYTES_MAX && pending.length < EVENTS_MAX;
  if (pending[0] && (!fits || pending[0].view.session !== view.session)) seal();
  pending.push({ view, event });
  pendingBytes += bytes;
  schedule(urgent);
}

/** Whether any batch of this page load was sealed; until then its session can still be settled. */
export function anySealed(): boolean {
  return next > 0;
}

/** Whether events of this view still wait, so that it can still be renamed. */
export function waits(view: View): boolean {
  return pending.some((one) => one.view === view && one.event.kind === "view");
}

/** Seals what was gathered and hands it over to be sent. */
export function seal(): void {
  clearTimeout(timer);
  timer = undefined;
  if (!pending[0]) return;
  if (!anySealed()) settleSession();
  const events = pending.map(({ view, event }) => ({ ...event, view: view.number, page: view.page }));
  const session = pending[0].view.session;
  const number = load * BATCHES_MAX + next++;
  pending = [];
  pendingBytes = 0;
  const text = JSON.stringify({ v: 1, session, batch: number, ...context, events });
  // Sent as ...,"sent":123}: the one field that differs from one attempt to the next comes last.
  enqueue(text.slice(0, -1));
}

/** Tabs opened at one moment each began a session before they could see the other's. */
function settleSession(): void {
  const agreed = peek(now());
  if (agreed) pending.forEach(({ view }) => (view.session = agreed));
}

function schedule(urgent: boolean): void {
  const at = performance.now();
  let wait = WAIT_MS;
  if (urgent && urgentUsed - at / URGENT_EARNED_MS < URGENT_BURST) wait = WAIT_URGENT_MS;
  if (timer !== undefined && timerDue <= at + wait) return;
  if (wait === WAIT_URGENT_MS) urgentUsed++;
  clearTimeout(timer);
  timerDue = at + wait;
  timer = setTimeout(guard(seal), wait);
}
