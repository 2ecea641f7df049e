/** When a visit may be recorded: what the replay loader needs to know of consent and sessions. */

import { whenSettled } from "./batch";
import { now } from "./clock";
import { mayRecord, whenConsentChanges } from "./consent";
import { guard } from "./guard";
import { peek } from "./session";
import { whenViewEnds } from "./view";

/**
 * Calls `told` with the id of the session that may be recorded, "" once none may, and again at each
 * change: consent given or withdrawn, a session that follows another, vigie('stop'). Whether the
 * session is in a sample is for the caller to see.
 */
export function whenRecordable(told: (session: string) => void): void {
  let last = "";
  const look = guard(() => {
    const session = (mayRecord() && peek(now())) || "";
    if (session !== last) told((last = session));
  });
  whenSettled(() => {
    whenConsentChanges(look);
    whenViewEnds(look);
    look();
  });
}
