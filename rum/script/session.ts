/**
 * The session: one person's visit, shared by all tabs of the site.
 *
 * It ends after 15 minutes in which nobody did anything, or when it is 4 hours old. Clicks, keys,
 * touches and scrolling keep it going; so does a tab that stays visible, but that cannot bring an
 * ended one back. Tabs share it through localStorage, and each holds a copy: ad blockers, privacy
 * modes and "clear site data" take storage away under a running page, and that must not make a new
 * session of every event. Without storage the collector makes sessions, and a page tells it no id;
 * here it has one all the same, so that it knows when somebody has gone.
 */

import { now as present } from "./clock";
import { storageFree } from "./consent";
import { listen } from "./listen";
import { randomHex } from "./random";
import { put, read, write } from "./storage";

const KEY = "vigie.session";
const WITHDRAWN = "denied";
/** What replay/allowance.ts keeps of a session, which goes with it. */
const REPLAY_KEY = "vigie.replay";
const INACTIVE_MS = 15 * 60_000;
const AGE_MS = 4 * 3_600_000;

/** "" while there is none. */
let id = "";
let began: number;
/** When somebody was last seen in it, in any tab. */
let seen: number;

/** The id of the session that is going on, begun now if there is none; "" in storage-free mode. */
export function renew(now: number): string {
  return peek(now) ?? save(randomHex(4), now, now);
}

/** The same, and somebody was seen in it just now. */
export function touch(now = present()): string {
  renew(now);
  return save(id, began, now);
}

/** The id of the session that is going on; undefined when it has ended. */
export function peek(now = present()): string | undefined {
  // What the other tabs agreed on; two that began at once settle on the last one stored.
  const [shared, start, last] = read("localStorage", KEY).split(".");
  if (/^[0-9a-f]{32}$/.test(shared!) && alive(+start!, +last!, now)) [id, began, seen] = [shared!, +start!, +last!];
  else if (!alive(began, seen, now)) id = "";
  return id ? told() : undefined;
}

/**
 * No trace of the session is kept, here or in storage; the next has nothing in common with it. The other
 * tabs are told, where somebody `withdrew` a consent: what is erased in the next line still reaches them.
 */
export function forgetSession(withdrew?: unknown): void {
  id = "";
  if (withdrew) put("localStorage", KEY, WITHDRAWN);
  put("localStorage", KEY);
  put("localStorage", REPLAY_KEY);
}

/** Calls `told` when consent is withdrawn in another tab. */
export function whenWithdrawnElsewhere(told: () => void): void {
  listen<StorageEvent>("storage", (event) => {
    if (event.key === KEY && event.newValue === WITHDRAWN) told();
  });
}

/** The session lives on, if it still does: its tab is in somebody's sight. */
export function keepAlive(): void {
  if (peek() != null) touch();
}

function alive(began: number, seen: number, now: number): boolean {
  // Absolute, for a clock that was set back must not keep a session alive until it has caught up.
  return Math.abs(now - seen) < INACTIVE_MS && Math.abs(now - began) < AGE_MS;
}

function told(): string {
  return storageFree() ? "" : id;
}

function save(...session: [string, number, number]): string {
  [id, began, seen] = session;
  write("localStorage", KEY, `${id}.${Math.round(began)}.${Math.round(seen)}`);
  return told();
}
