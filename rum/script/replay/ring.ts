/** The last minute of a session that has met no error yet: from one snapshot to the second after it. */

import type { Packed } from "./chunks";

const BYTES_MAX = 600_000;

export class Ring {
  private chunks: Packed[] = [];

  /** A chunk that begins with a snapshot lets go of what lies before the snapshot before it. */
  add(chunk: Packed): void {
    this.chunks.push(chunk);
    if (chunk.snapshot) this.keepFrom(-2);
    if (this.bytes > BYTES_MAX) this.keepFrom(-1);
    if (this.bytes > BYTES_MAX) this.chunks = [];
  }

  /** All it holds, from a snapshot on. */
  take(): Packed[] {
    const all = this.chunks;
    this.chunks = [];
    return all;
  }

  private get bytes(): number {
    return this.chunks.reduce((sum, { body }) => sum + body.length, 0);
  }

  /** Keeps the last so many snapshots, and what follows the first of them. */
  private keepFrom(count: number): void {
    const snapshots = this.chunks.filter(({ snapshot }) => snapshot).slice(count);
    if (snapshots[0]) this.chunks = this.chunks.slice(this.chunks.indexOf(snapshots[0]));
  }
}
