/**
 * The global `vigie`: what a site can tell us, by one function that never throws.
 *
 * A site may call it before this script has arrived, by way of the stub (stub.ts), which also keeps
 * the errors that happen meanwhile. What was queued so is done now, in its order.
 */

import { whenSettled } from "./batch";
import { declareConsent, declareReplay, maySend, stop } from "./consent";
import { sayAll } from "./end";
import { recordUncaught, reportError } from "./error";
import { recordEvent } from "./event";
import { guard, warn } from "./guard";
import { tag } from "./tag";
import { declareLevel, declareSegments, declareUser } from "./user";
import { currentView, namePage } from "./view";

type Call = ArrayLike<unknown>;

interface Vigie {
  (...call: unknown[]): void;
  /** Calls that wait; once we are here, what does them at once. */
  q?: Call[] | { length: 0; push(call: Call): void };
  ready?: boolean;
}

const COMMANDS: Record<string, (subject: never, options: never) => void> = {
  event: recordEvent,
  user: declareUser,
  level: declareLevel,
  segment: declareSegments,
  page: namePage,
  error: reportError,
  consent: declareConsent,
  replay: declareReplay,
  session: tellSession,
  stop: () => {
    sayAll(true);
    stop();
  },
};
/** What must be known before anything is begun. */
const FIRST: unknown[] = ["consent", "replay"];

const page = window as unknown as Record<string, Vigie | undefined>;

/** Whether this script runs in the page already: its tag stands there twice. */
export function alreadyHere(): boolean {
  return !!page[name()]?.ready;
}

/** The page's name among the calls that wait: it is the first view's, which has not begun yet. */
export function queuedPage(): string {
  const call = queued().find((one) => one[0] === "page" && typeof one[1] === "string");
  return (call?.[1] as string) || "";
}

/** Puts `vigie` in place, hears of consent, has everything begin, and does what waited in the queue. */
export function openApi(begin: () => void): void {
  const stub = page[name()];
  const waiting = queued();
  const vigie: Vigie = guard(obey);
  vigie.ready = true;
  // A module of the page's may have kept the function that queues, or its queue.
  const take = (call: Call) => vigie(...Array.from(call));
  const queue = (vigie.q = { length: 0, push: take });
  guard(() => {
    if (stub) stub.q = queue;
    for (const type of ["error", "unhandledrejection"]) removeEventListener(type, stub!);
    page[name()] = vigie;
  })();
  const settles = (call: Call) => FIRST.includes(call[0]);
  waiting.filter(settles).forEach(take);
  begin();
  waiting.filter((call) => !settles(call)).forEach(take);
}

function obey(command?: unknown, subject?: unknown, options?: unknown): void {
  // The stub keeps errors as calls, whose one argument is the browser's event.
  if ((command as Event)?.timeStamp) return recordUncaught(command as Event);
  const work = COMMANDS[command as string];
  if (work) work(subject as never, (options || {}) as never);
  else warn(String(command));
}

/** vigie('session', id => ...): the session's id as soon as it is certain; "" in storage-free mode. */
function tellSession(told: (id: string) => void): void {
  whenSettled(guard(() => maySend() && told(currentView().session)));
}

function name(): string {
  return tag.name || "vigie";
}

function queued(): Call[] {
  const queue = page[name()]?.q;
  return Array.isArray(queue) ? queue : [];
}
