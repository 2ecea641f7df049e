/**
 * Sends chunks in their order, one at a time; when the page is left, all that still fit into what may
 * outlive it. A failure is tried again a few times; an answer of 4xx, or too many failures, ends it.
 */

import { guard } from "../guard";

const ATTEMPTS_MAX = 5;
const PAUSE_FIRST_MS = 2000;
const PAUSE_MAX_MS = 60_000;
const TIMEOUT_MS = 30_000;
const QUEUE_BYTES_MAX = 600_000;
/** What rum.js may have to say besides, at the end. */
const BATCHES_BYTES = 15_000;

export interface Chunk {
  /** JSON but for its end, where the time of sending goes. */
  readonly header: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

interface Queued extends Chunk {
  attempts: number;
  flying: boolean;
}

export interface Way {
  readonly url: string;
  now(): number;
  readonly fetch: typeof fetch;
  keep(bytes: number): boolean;
  /** It leads nowhere: nothing more will be sent. */
  closed(why: string): void;
}

// Firefox has keepalive from version 133 on; before it, a request dies with its page.
const keepsAlive = typeof Request === "function" && "keepalive" in Request.prototype;

export class Post {
  private queue: Queued[] = [];
  private timer: number | undefined;
  private open = true;

  constructor(private readonly way: Way) {}

  add(chunk: Chunk, leaving: boolean): void {
    if (!this.open) return;
    this.queue.push({ ...chunk, attempts: 0, flying: false });
    const bytes = this.queue.reduce((sum, { body }) => sum + body.length, 0);
    if (bytes > QUEUE_BYTES_MAX) this.close("unsent");
    else if (leaving) this.leave();
    else this.pump();
  }

  /** The page may be gone at any moment. */
  leave(): void {
    for (const chunk of this.queue) if (!chunk.flying) this.post(chunk, true);
  }

  /** Drops what waits; requests under way go on. */
  close(why: string): void {
    if (!this.open) return;
    this.open = false;
    this.queue = [];
    clearTimeout(this.timer);
    this.way.closed(why);
  }

  private pump(): void {
    clearTimeout(this.timer);
    const [chunk] = this.queue;
    if (chunk && !chunk.flying) this.post(chunk, false);
  }

  private post(chunk: Queued, leaving: boolean): void {
    const line = `${chunk.header},"sent":${Math.round(this.way.now())}}\n`;
    // text/plain, for all else would ask for a preflight.
    const body = new Blob([line, chunk.body], { type: "text/plain" });
    const kept = leaving && this.keep(body.size);
    if (kept && !keepsAlive) {
      navigator.sendBeacon?.(this.way.url, body);
      this.queue = this.queue.filter((other) => other !== chunk);
      return;
    }
    chunk.flying = true;
    chunk.attempts++;
    const deadline = new AbortController();
    const overdue = setTimeout(() => deadline.abort(), TIMEOUT_MS);
    const landed = guard((status: number, retryAfter: string | null) => {
      clearTimeout(overdue);
      if (kept) this.way.keep(-body.size);
      chunk.flying = false;
      this.settle(chunk, status, retryAfter);
    });
    const options: RequestInit = {
      method: "POST",
      body,
      keepalive: kept,
      signal: deadline.signal,
      referrerPolicy: "origin",
    };
    const native = this.way.fetch;
    // Within a promise, for the page may have put a fetch of its own in place, which may throw.
    new Promise<Response>((resolve) => resolve(native(this.way.url, options))).then(
      (answer) => landed(answer.status, answer.headers.get("Retry-After")),
      () => landed(0, null),
    );
  }

  /** Takes its part of what may outlive the page, and leaves a part to rum.js, which matters more. */
  private keep(bytes: number): boolean {
    const taken = this.way.keep(bytes + BATCHES_BYTES);
    if (taken) this.way.keep(-BATCHES_BYTES);
    return taken;
  }

  private settle(chunk: Queued, status: number, retryAfter: string | null): void {
    if (!this.open) return;
    const failed = !status || status === 429 || status >= 500;
    if (!failed && status >= 400) return this.close("refused");
    if (failed && chunk.attempts >= ATTEMPTS_MAX) return this.close("unsent");
    if (!failed) {
      this.queue = this.queue.filter((other) => other !== chunk);
      return this.pump();
    }
    const pause = Math.min(PAUSE_FIRST_MS * 2 ** chunk.attempts, PAUSE_MAX_MS);
    const asked = Math.min(+(retryAfter || 0) * 1000 || 0, PAUSE_MAX_MS);
    clearTimeout(this.timer);
    this.timer = setTimeout(guard(() => this.pump()), Math.max(asked, pause / 2) + Math.random() * pause);
  }
}
