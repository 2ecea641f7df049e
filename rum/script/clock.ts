/**
 * The time, in milliseconds since the epoch, by the browser's monotonic clock.
 *
 * The collector corrects the skew of the whole clock from each batch's `sent`, so what matters here is
 * that all times of a page agree with each other, whatever the user or NTP does to the wall clock.
 */

/** Beyond this the two clocks did not drift apart: one of them stood still. */
const STOOD_STILL_MS = 2000;

// Not performance.timeOrigin, which Safari before 15 lacks and which may be hours off after a sleep.
let origin = Date.now() - performance.now();

/**
 * Now. The monotonic clock stops while the computer sleeps (https://crbug.com/1206450); the wall clock
 * then has the last word.
 */
export function now(): number {
  const wall = Date.now();
  const monotonic = origin + performance.now();
  if (Math.abs(wall - monotonic) < STOOD_STILL_MS) return monotonic;
  origin += wall - monotonic;
  return wall;
}

/** The moment `relative_ms` after the page's time origin: a performance entry's or an event's time. */
export function moment(relative_ms: number): number {
  now();
  return origin + relative_ms;
}
