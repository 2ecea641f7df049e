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

import { storageFree } from "./consent";
import { randomHex } from "./random";
import { erase, read, write } from "./storage";

const KEY = "vigie.session";
/** What replay/allowance.ts keeps of a session, which goes with it. */
const REPLAY_KEY = "vigie.replay";
const INACTIVE_MS = 15 * 60_000;
const AGE_MS = 4 * 3_600_000;

interface Session {
  readonly id: string;
  readonly began: number;
  /** When somebody was last seen in it, in any tab. */
  readonly seen: number;
}

let ours: Session | undefined;

/** The id of the session that is going on, begun now if there is none; "" in storage-free mode. */
export function renew(now: number): string {
  adopt(now);
  return idOf(ours || save({ id: randomHex(32), began: now, seen: now }));
}

/** The same, and somebody was seen in it just now. */
export function touch(now: number): string {
  renew(now);
  return idOf(save({ ...ours!, seen: now }));
}

/** The id of the session that is going on; undefined when it has ended. */
export function peek(now: number): string | undefined {
  adopt(now);
  return ours && idOf(ours);
}

/** No trace of the session is kept, here or in storage; the next has nothing in common with it. */
export function forgetSession(): void {
  ours = undefined;
  erase("localStorage", KEY);
  erase("localStorage", REPLAY_KEY);
}

/** The session lives on, if it still does: its tab is in somebody's sight. */
export function keepAlive(now: number): void {
  if (peek(now) != null) touch(now);
}

/** Takes over what the other tabs agreed on; two that began at once settle on the last one stored. */
function adopt(now: number): void {
  const shared = parse(read("localStorage", KEY));
  if (shared && alive(shared, now)) ours = shared;
  else if (ours && !alive(ours, now)) ours = undefined;
}

function alive(session: Session, now: number): boolean {
  // Absolute, for a clock that was set back must not keep a session alive until it has caught up.
  return Math.abs(now - session.seen) < INACTIVE_MS && Math.abs(now - session.began) < AGE_MS;
}

function parse(text: string): Session | undefined {
  const found = /^([0-9a-f]{32})\.(\d+)\.(\d+)$/.exec(text);
  return found ? { id: found[1]!, began: +found[2]!, seen: +found[3]! } : undefined;
}

function idOf({ id }: Session): string {
  return storageFree() ? "" : id;
}

function save(session: Session): Session {
  ours = session;
  write("localStorage", KEY, `${session.id}.${Math.round(session.began)}.${Math.round(session.seen)}`);
  return session;
}
