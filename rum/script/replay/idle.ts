/** Work for when the page has nothing better to do. Safari has no requestIdleCallback. */

import { guard } from "../guard";

const LATEST_MS = 2000;

export function whenIdle(work: () => void): void {
  const safe = guard(work);
  if (typeof requestIdleCallback === "function") requestIdleCallback(safe, { timeout: LATEST_MS });
  else setTimeout(safe, 200);
}
