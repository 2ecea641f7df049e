/**
 * The sampling bucket of a session: a function of its id, so that browser, collector and store agree
 * on what is in a sample without talking, and so that samples nest. The twin of rum/bucket.py.
 */

const BUCKETS = 2 ** 32;

/** The last 8 hex digits as an unsigned integer. */
export function bucketOf(session: string): number {
  return parseInt(session.slice(-8), 16);
}

/** Whether the session is in a sample of `rate`, 0 to 1: its bucket is below the whole part of so many. */
export function inSample(session: string, rate: number): boolean {
  return bucketOf(session) + 1 <= rate * BUCKETS;
}
