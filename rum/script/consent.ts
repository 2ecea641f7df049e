/**
 * What may be stored and sent: as the site says, as the visitor agreed to, as the browser asks.
 *
 * - granted: all of it.
 * - storage-free: all but storage. No id outlives the page; the collector makes sessions.
 * - pending: gathered in memory, within bounds. Nothing is sent, no storage is even looked at.
 * - denied: nothing. What waits is dropped and what is stored is erased.
 *
 * A browser that sends Global Privacy Control is taken at its word, unless the tag says otherwise or
 * the visitor agrees explicitly. Replay has a consent of its own besides.
 */

import { warn } from "./guard";
import { allowStorage } from "./storage";
import { tag } from "./tag";

/** The last: the site wants no more in this page, whatever anybody declares. */
export type Consent = "granted" | "storage-free" | "pending" | "denied" | "stopped";

/** A consent that is misspelt is none. */
let consent: Consent = "denied";
let replay: boolean;
/** What is called whenever what may be done has changed, or may have. */
export const onConsent: ((now: Consent, before: Consent) => void)[] = [];

/** Settles what holds before anybody was asked: the tag's word, and the browser's. */
export function readConsent(): void {
  const { gpc } = tag;
  const asked = gpc !== "ignore" && (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl;
  replay = tag.replayConsent === "granted";
  if (asked && gpc !== "storage-free") change("denied");
  else declare(tag.consent || "granted", !!asked || tag.storage === "none");
}

/** vigie('consent', 'granted'): the visitor said so, which outweighs what the browser asks for. */
export function declareConsent(given: unknown): void {
  declare(given, tag.storage === "none");
}

/** vigie('replay', 'granted'): the visitor agrees to be recorded; anything else is a no. */
export function declareReplay(given: unknown): void {
  replay = given === "granted";
  change(consent);
}

/** vigie('stop') */
export function stop(): void {
  change("stopped");
}

export function consentNow(): Consent {
  return consent;
}

/** Whether events may be gathered: sent, or kept in mind until they may be. */
export function mayGather(): boolean {
  return consent === "pending" || maySend();
}

export function maySend(): boolean {
  return consent === "granted" || storageFree();
}

export function storageFree(): boolean {
  return consent === "storage-free";
}

/** Whether visitor and site let this visit be recorded. Without storage it has no id of ours. */
export function mayRecord(): boolean {
  return replay && consent === "granted";
}

function declare(given: unknown, free: boolean): void {
  if (given === "granted" && free) change("storage-free");
  else if (/^(granted|pending|denied)$/.test(given as string)) change(given as Consent);
  else warn("consent");
}

function change(to: Consent): void {
  if (consent === "stopped") return;
  const before = consent;
  consent = to;
  allowStorage(to === "granted");
  onConsent.forEach((told) => told(to, before));
}
