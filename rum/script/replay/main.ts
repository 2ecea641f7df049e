/**
 * rum-replay.js: what rum.js loads for the sessions that are to be recorded, and for no others.
 *
 * Which session that is, and for how long, rum.js says, which hangs itself on the script's element.
 */

import { guard } from "../guard";
import { allowStorage } from "../storage";
import { canGzip } from "./gzip";
import type { Host } from "./host";
import { Recording } from "./recording";

function start(host: Host): void {
  let recording: Recording | undefined;
  host.changed = guard(() => {
    const { session, reason } = host;
    allowStorage(host.mayRecord());
    if (recording?.session === session && recording.reason === reason) {
      if (host.error) recording.failed();
      recording.view();
      return;
    }
    if (!host.mayRecord()) recording?.discard();
    else recording?.stop("session");
    // Errors before the first recording were met in its session; later ones are told of one by one.
    if (recording) host.error = false;
    recording = reason ? new Recording(host, session, reason) : undefined;
    if (host.error) recording?.failed();
  });
  host.changed();
}

guard(() => {
  const { vigie } = (document.currentScript || {}) as { vigie?: Host };
  if (vigie && canGzip) start(vigie);
})();
