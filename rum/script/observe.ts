/** What the browser measured, entry by entry; and work that can wait until it is idle. */

import { guard } from "./guard";

/** No page is so busy that what waits for an idle moment should wait longer. */
const IDLE_WAIT_MS = 1000;

type WhenIdle = (work: () => void, options: { timeout: number }) => void;

interface IdleWindow {
  requestIdleCallback?: WhenIdle;
}

const taking: (() => void)[] = [];

/**
 * Tells of every entry of these types, also of those from before, in the order in which they ended.
 * Whether the browser knows one of the types.
 */
export function observe<Entry extends PerformanceEntry>(
  types: string[],
  told: (entry: Entry) => void,
  durationThreshold?: number,
): boolean {
  // Firefox can be set to have no observers.
  const known = window.PerformanceObserver?.supportedEntryTypes || [];
  const supported = types.filter((type) => known.includes(type));
  if (!supported[0]) return false;
  const take = guard((entries: PerformanceEntryList) =>
    // Of two types, they come one type after the other:
    // https://github.com/w3c/performance-timeline/issues/224
    entries.sort((one, other) => endOf(one) - endOf(other)).forEach((entry) => told(entry as Entry)),
  );
  const observer = new PerformanceObserver((list) => take(list.getEntries()));
  for (const type of supported) {
    observer.observe({ type, buffered: true, durationThreshold } as PerformanceObserverInit);
  }
  taking.push(() => take(observer.takeRecords()));
  return true;
}

/** Tells at once of what the browser has not handed over yet. */
export function takeEntries(): void {
  taking.forEach((take) => take());
}

/** When it ended, in milliseconds since the page's time origin. */
export function endOf(entry: PerformanceEntry): number {
  return entry.startTime + entry.duration;
}

/** Does `work` once the browser is idle, soon in any case. Safari before 27 cannot tell. */
export function whenIdle(work: () => void): void {
  // A timer takes what is no number for 0.
  ((window as IdleWindow).requestIdleCallback || (setTimeout as unknown as WhenIdle))(guard(work), {
    timeout: IDLE_WAIT_MS,
  });
}

export interface Navigation extends PerformanceNavigationTiming {
  /** When somebody came to see a page that had been prerendered; 0 for any other. */
  readonly activationStart?: number;
}

export function navigationEntry(): Navigation | undefined {
  return performance.getEntriesByType("navigation")[0] as Navigation | undefined;
}
