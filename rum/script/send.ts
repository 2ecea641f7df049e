/**
 * Sends sealed batches, oldest first, until each is acknowledged, refused or given up.
 *
 * While the page stays: one request at a time, and after a failure a growing, jittered pause (or what
 * Retry-After asks for). When the page is left: everything at once, in requests that outlive it.
 * What may not have arrived then is spilled to sessionStorage, for the tab's next page to send; the
 * store drops what comes twice.
 */

import { now } from "./clock";
import { maySend } from "./consent";
import { guard } from "./guard";
import { put, read, write } from "./storage";
import { tag } from "./tag";

const KEY = "vigie.unsent";
const QUEUE_BATCHES_MAX = 20;
/** Browsers let a page keep 64 KiB alive after its end, over all of its requests. */
const KEEPALIVE_BYTES_MAX = 60_000;
const SPILL_BYTES_MAX = 100_000;
const TIMEOUT_MS = 30_000;
const PAUSE_FIRST_MS = 2000;
const PAUSE_MAX_MS = 300_000;
const ATTEMPTS_MAX = 10;
/** The store remembers batches for 24 h; a later repeat could be counted twice. */
const AGE_MAX_MS = 23 * 3_600_000;

const enum Flight {
  None,
  /** A request for it is under way... */
  Flying,
  /** ...that outlives the page. */
  Kept,
}

interface Unsent {
  /** The sealed batch's JSON but for its end, where the time of sending goes. */
  readonly text_: string;
  readonly sealed_: number;
  attempts_: number;
  flight_: Flight;
}

const utf8 = new TextEncoder();

let queue: Unsent[] = [];
let keptAliveBytes = 0;
/** Failures since the last success; 0: as far as we know, the collector answers. */
let failures = 0;
/** Whether the last request had an answer, be it a failure. */
export let answered: boolean;
let pauseUntil = 0;
let timer: number | undefined;
/** Whether what an earlier page spilled is taken over. */
let begun: boolean | undefined;

/** Those that an earlier page of this tab could not send are ours to send, and from now on spilling is. */
export function beginSending(): void {
  begun = true;
  for (const line of read("sessionStorage", KEY).split("\n")) {
    const sealed = parseFloat(line);
    if (now() - sealed < AGE_MAX_MS) enqueue(line.slice(line.indexOf("{")), sealed);
  }
  resume();
}

/** Drops all that waits to be sent, here and in storage. */
export function forgetUnsent(): void {
  queue = [];
  put("sessionStorage", KEY);
}

/** Sends a sealed batch as soon as may be. The oldest waiting one makes room where there is none. */
export function enqueue(text: string, sealed = now()): void {
  queue.push({ text_: text, sealed_: sealed, attempts_: 0, flight_: Flight.None });
  if (queue.length > QUEUE_BATCHES_MAX) queue.shift();
  // Not at once: a page that is being left has a better way, which it takes first.
  queueMicrotask(guard(pump));
}

/**
 * The page is hidden and may never be seen again, or it is `gone` and this is its last chance to
 * speak. Then sendBeacon, whose answer nobody will see anyway; before, a request whose answer counts
 * if the page comes back.
 */
export function leave(gone: boolean): void {
  if (!maySend()) return;
  for (const batch of queue) {
    if (batch.flight_ === Flight.Kept) continue;
    if (gone) beacon(batch);
    else if (!batch.flight_ && now() >= pauseUntil) post(batch);
  }
  if (failures) spill();
}

/** The page is back, and its queue in memory is again the one that counts. */
export function resume(): void {
  if (begun) write("sessionStorage", KEY, "");
  pump();
}

/** The network is back: no reason to sit out a pause, unless the collector asked for it. */
export function online(): void {
  if (!answered) pauseUntil = 0;
  pump();
}

function pump(): void {
  clearTimeout(timer);
  const batch = queue[0];
  if (!batch || batch.flight_ || !maySend()) return;
  const wait = pauseUntil - now();
  if (wait > 0) timer = setTimeout(guard(pump), wait);
  else post(batch);
}

// As it is when we come: what a page puts in its place later may add headers, which would ask for a
// preflight and tell us what is none of our business.
export const native = fetch;

/** Whether `bytes` more may outlive the page; counts them if so. Less than none: they have arrived. */
export function keep(bytes: number): boolean {
  if (keptAliveBytes + bytes > KEEPALIVE_BYTES_MAX) return false;
  keptAliveBytes += bytes;
  return true;
}

/** In UTF-8, in which it is sent. */
export function bytesOf(text: string): number {
  return utf8.encode(text).length;
}

function body(batch: Unsent): string {
  return `${batch.text_},"sent":${Math.round(now())}}`;
}

function post(batch: Unsent): void {
  const content = body(batch);
  const bytes = bytesOf(content);
  const keepalive = keep(bytes);
  batch.flight_ = keepalive ? Flight.Kept : Flight.Flying;
  batch.attempts_++;
  const landed = guard((answer?: Response) => {
    if (keepalive) keep(-bytes);
    batch.flight_ = Flight.None;
    const failed = !answer || answer.status === 429 || answer.status >= 500;
    answered = !!answer;
    if (!failed || batch.attempts_ >= ATTEMPTS_MAX) drop(batch);
    if (failed) {
      const pause = Math.min(PAUSE_FIRST_MS * 2 ** failures++, PAUSE_MAX_MS);
      const asked = Math.min(+answer?.headers.get("Retry-After")! * 1000 || 0, PAUSE_MAX_MS);
      // Jittered, lest all browsers come back at the same moment.
      pauseUntil = now() + Math.max(asked, pause / 2) + Math.random() * pause;
      // The page may end without another word.
      spill();
      pump();
    } else {
      failures = 0;
      resume();
    }
  });
  // A string goes as text/plain. application/json would ask for a preflight, which a page on its way
  // out never finishes (https://github.com/PostHog/posthog-js/issues/4139).
  const options: RequestInit = {
    method: "POST",
    body: content,
    keepalive,
    // Browsers without it (Chrome before 103, Safari before 16) give up after minutes of their own.
    signal: AbortSignal.timeout?.(TIMEOUT_MS),
    referrerPolicy: "origin",
  };
  // Within a promise, for the page may have put a fetch of its own in place, which may throw.
  (async () => native(tag.beacon, options))().then(landed, () => landed());
}

function drop(batch: Unsent): void {
  queue = queue.filter((other) => other !== batch);
}

/**
 * Hands a batch over to the browser, which tells nobody what became of it. While the collector was
 * failing, the batch therefore stays ours as well. Where it refuses (the page's 64 KiB are used up, or
 * an extension forbids it) a request is tried, and the batch is spilled: it is never split, for half of
 * it would be another batch. Unlike fetch, sendBeacon cannot be kept from naming the page's address as
 * referrer, to a server of the page's own origin; but pages wrap fetch to do slow things first, and a
 * leaving page has no time for them.
 */
function beacon(batch: Unsent): void {
  const taken = navigator.sendBeacon?.(tag.beacon, body(batch));
  if (!taken) post(batch);
  failures ||= +!taken;
  if (!failures) drop(batch);
}

function spill(): void {
  let bytes = 0;
  const kept = queue.filter((one) => (bytes += one.text_.length) <= SPILL_BYTES_MAX);
  // JSON has no line's end: a batch a line, behind the time at which it was sealed.
  write("sessionStorage", KEY, kept.map((one) => one.sealed_ + one.text_).join("\n"));
}
