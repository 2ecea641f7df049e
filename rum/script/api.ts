/**
 * The global `vigie`: what a site can tell us, by one function that never throws.
 *
 * A site may call it before this script has arrived, by way of
 *   window.vigie = window.vigie || function () { (vigie.q = vigie.q || []).push(arguments) }
 * and what was queued so is done now.
 */

import { recordEvent, type EventOptions } from "./event";
import { guard, warn } from "./guard";
import { declareLevel, declareUser } from "./user";
import { namePage } from "./view";

interface Vigie {
  (...call: unknown[]): void;
  /** Calls that wait, each an `arguments`; once we are here, what takes them at once. */
  q?: ArrayLike<unknown>[] | { push(call: ArrayLike<unknown>): void };
  ready?: boolean;
}

const COMMANDS: Record<string, (subject: unknown, options: object) => void> = {
  event: (name, options) => recordEvent(name, options as EventOptions),
  user: declareUser,
  level: declareLevel,
  page: namePage,
};

const page = window as { vigie?: Vigie };

/** Whether this script runs in the page already: its tag stands there twice. */
export function alreadyHere(): boolean {
  return !!page.vigie?.ready;
}

/** The page's name among the calls that wait: it is the first view's, which has not begun yet. */
export function queuedPage(): string {
  const call = queued().find((one) => one[0] === "page");
  return typeof call?.[1] === "string" ? call[1] : "";
}

/** Puts `vigie` in place, and does what waited in the queue, in its order. */
export function openApi(): void {
  const waiting = queued();
  const vigie: Vigie = guard((command: unknown, subject: unknown, options: unknown) => {
    const work = COMMANDS[String(command)];
    if (work) work(subject, (options || {}) as object);
    else warn(`there is no vigie('${String(command)}'); it knows ${Object.keys(COMMANDS).join(", ")}`);
  });
  vigie.ready = true;
  // A module of the page's may have kept the function that queues.
  vigie.q = { push: (call: ArrayLike<unknown>) => vigie(...Array.from(call)) };
  page.vigie = vigie;
  for (const call of waiting) vigie(...Array.from(call));
}

function queued(): ArrayLike<unknown>[] {
  const queue = page.vigie?.q;
  return Array.isArray(queue) ? queue : [];
}
