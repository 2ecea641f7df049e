/**
 * Loads rum-replay.js for the sessions it is to record, and for no others. Two nested rates: a session
 * in the first is recorded; one only in the second keeps its last minute and sends it once it meets an
 * error.
 */

import { load, whenSettled } from "./batch";
import { now } from "./clock";
import { mayRecord, onConsent } from "./consent";
import { onError } from "./error";
import { guard } from "./guard";
import type { Host } from "./replay/host";
import { inSample } from "./sample";
import { keep, native } from "./send";
import { peek } from "./session";
import { beside, rate, tag } from "./tag";
import { liveView, onViewEnd } from "./view";

/** From when the session's id is certain: looks anew whenever consent, view or session may be others. */
export function offerReplay(): void {
  const host = { tag, load, fetch: native, keep, mayRecord, now, peek, view: liveView } as Partial<Host> as Host;
  let asked = false;
  const look = guard(() => {
    const session = (mayRecord() && peek()) || "";
    const within = (share: string | undefined) => inSample(session, rate(share, 0));
    host.session = session;
    host.reason = within(tag.replay) ? "sample" : within(tag.replayErrors) ? "error" : "";
    if (host.reason && !asked) asked = bring(host);
    host.changed?.();
  });
  whenSettled(() => {
    onConsent.push(look);
    onViewEnd.push(look);
    look();
  });
  onError.push(() => {
    host.error = true;
    host.changed?.();
  });
}

type Policy = { createScriptURL(url: string): string };
type Types = { createPolicy(name: string, policy: Policy): Policy };

function bring(host: Host): true {
  const policy: Policy = { createScriptURL: (url) => url };
  const types = (window as { trustedTypes?: Types }).trustedTypes;
  const integrity = tag.replayIntegrity || "";
  document.head.append(
    Object.assign(document.createElement("script"), {
      vigie: host,
      nonce: tag.nonce,
      integrity,
      crossOrigin: integrity ? "" : null,
      // Where a page requires trusted types, its trusted-types directive has to name this policy.
      src: (types?.createPolicy("vigie", policy) || policy).createScriptURL(
        beside("rum-replay.js"),
      ),
    }),
  );
  return true;
}
