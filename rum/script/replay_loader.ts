/**
 * Loads rum-replay.js for the sessions it is to record, and for no others. Two nested rates: a session
 * in the first is recorded; one only in the second keeps its last minute and sends it once it meets an
 * error.
 */

import { load } from "./batch";
import { now } from "./clock";
import { mayRecord } from "./consent";
import { whenErrorRecorded } from "./error";
import type { Host } from "./replay/host";
import { whenRecordable } from "./replay_gate";
import { inSample } from "./sample";
import { keep, native } from "./send";
import { peek } from "./session";
import { rate, tag } from "./tag";
import { liveView, whenViewEnds } from "./view";

export function offerReplay(): void {
  const host = { tag, load, fetch: native, keep, mayRecord, now, peek, view: liveView, session: "", reason: "" } as Host;
  let asked = false;
  const tell = () => host.changed?.();
  whenRecordable((session) => {
    const within = (share: string | undefined) => session && inSample(session, rate(share, 0));
    host.session = session;
    host.reason = within(tag.replay) ? "sample" : within(tag.replayErrors) ? "error" : "";
    if (host.reason && !asked) asked = bring(host);
    tell();
  });
  whenErrorRecorded(() => {
    host.error = true;
    tell();
  });
  whenViewEnds(tell);
}

type Policy = { createScriptURL(url: string): string };
type Types = { createPolicy(name: string, policy: Policy): Policy };

function bring(host: Host): true {
  const policy: Policy = { createScriptURL: (url) => url };
  const types = (window as { trustedTypes?: Types }).trustedTypes;
  const script = Object.assign(document.createElement("script"), {
    vigie: host,
    nonce: tag.nonce,
    integrity: tag.replayIntegrity || "",
    crossOrigin: tag.replayIntegrity ? "" : null,
    // Where a page requires trusted types, its trusted-types directive has to name this policy.
    src: (types?.createPolicy("vigie", policy) || policy).createScriptURL(
      new URL("rum-replay.js", tag.src).href,
    ),
  });
  document.head.append(script);
  return true;
}
