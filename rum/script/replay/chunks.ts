/**
 * Chunks: the lines of a recording gathered for a while, compressed when the page is idle, and handed
 * on in their order.
 */

import { guard } from "../guard";
import { gzip } from "./gzip";
import { whenIdle } from "./idle";
import type { RecordedEvent } from "./wire";

const BYTES_FULL = 100_000;

export interface Packed {
  readonly start: number;
  readonly end: number;
  readonly events: number;
  /** It begins with a snapshot, and can be played without those before it. */
  readonly snapshot: boolean;
  readonly body: Uint8Array<ArrayBuffer>;
}

interface Waiting extends Omit<Packed, "body"> {
  readonly text: string;
}

export class Chunks {
  private lines: string[] = [];
  private length = 0;
  private start = 0;
  private end = 0;
  private snapshot = false;
  private waiting: Waiting[] = [];
  private packing: Promise<void> = Promise.resolve();

  /** `packed` is told of each chunk, and whether the page was being left when it was closed. */
  constructor(private readonly packed: (chunk: Packed, leaving: boolean) => void) {}

  add(event: RecordedEvent, snapshot: boolean): void {
    const line = JSON.stringify(event);
    if (!this.lines[0]) {
      this.start = event.timestamp;
      this.snapshot = snapshot;
    }
    this.end = event.timestamp;
    this.length += line.length;
    this.lines.push(line);
  }

  get full(): boolean {
    return this.length >= BYTES_FULL;
  }

  /** Closes the chunk that is being gathered. */
  close(leaving: boolean): void {
    if (this.lines[0]) {
      const { start, end, snapshot, lines } = this;
      this.waiting.push({ start, end, snapshot, events: lines.length, text: lines.join("\n") });
    }
    this.lines = [];
    this.length = 0;
    if (leaving) this.pack(true);
    else if (this.waiting[0]) whenIdle(() => this.pack(false));
  }

  /** Forgets all that was not handed on. */
  drop(): void {
    this.lines = [];
    this.waiting = [];
  }

  private pack(leaving: boolean): void {
    const told = guard(this.packed);
    for (const { text, ...rest } of this.waiting) {
      this.packing = this.packing.then(() => gzip(text)).then((body) => told({ ...rest, body }, leaving));
    }
    this.waiting = [];
  }
}
