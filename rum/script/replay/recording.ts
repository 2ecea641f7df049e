/**
 * The recording of one session in this page: rrweb's events, masked, throttled, gathered into chunks,
 * and sent, until there is a reason to stop.
 */

import { record } from "@rrweb/record";

import { guard, takeCaught } from "../guard";
import { Allowance } from "./allowance";
import { Chunks, type Packed } from "./chunks";
import type { Host, Reason } from "./host";
import { mask, type Masking } from "./mask";
import { Post } from "./post";
import { Ring } from "./ring";
import { Throttle } from "./throttle";
import { EventType, Source, type Mirror, type Mutation, type RecordedEvent } from "./wire";

const CHUNK_MS = 10_000;
const CHUNK_BYTES_MAX = 200_000;
const SNAPSHOT_COST_MAX_MS = 500;
/** How far apart snapshots are that are taken only to begin anew from. */
const SNAPSHOT_EVERY_MS = 60_000;
const PAUSE_AFTER_MS = 5 * 60_000;
const ACTIVITY = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

/** Chunks of this page load so far, of whatever session: no two have one number. */
let chunksSent = 0;

/** What the trimmed rrweb hangs on its function; see trim_rrweb.mjs. */
const { mirror, wasPassword } = record as unknown as { mirror: Mirror; wasPassword: WeakSet<Node> };

export class Recording {
  private readonly chunks = new Chunks((chunk, leaving) => this.packed(chunk, leaving));
  private readonly throttle = new Throttle();
  private readonly ring = new Ring();
  private readonly post: Post;
  private readonly masking: Masking;
  private readonly allowance: Allowance;
  private stopRrweb: (() => void) | undefined;
  private timer: number | undefined;
  private viewed = 0;
  private snapshotBegan = 0;
  private snapshotAt = 0;
  private activeAt: number;
  private paused = false;
  private over = false;

  constructor(
    private readonly host: Host,
    readonly session: string,
    readonly reason: Reason,
  ) {
    this.activeAt = host.now();
    this.allowance = new Allowance(session, this.activeAt);
    this.masking = { mirror, wasPassword, page: () => host.view(host.now())?.page || "" };
    this.post = new Post({
      url: new URL("replay", host.tag.beacon).href,
      fetch: host.fetch,
      now: host.now,
      keep: host.keep,
      closed: (why) => {
        if (why === "refused") this.allowance.giveUp();
        this.stop(why);
      },
    });
    if (this.allowance.spent(this.activeAt)) this.over = true;
    else this.begin();
  }

  /** Writes a note of ours into the recording. */
  note(what: string, payload: object): void {
    if (this.over || this.paused) return;
    this.add({ type: EventType.Custom, timestamp: 0, data: { tag: "vigie." + what, payload } });
  }

  /** Perhaps a new view of the same page load. */
  view(): void {
    const view = this.host.view(this.host.now());
    if (this.over || this.paused || view?.session !== this.session || view.number === this.viewed) return;
    this.viewed = view.number;
    this.note("view", { number: view.number, page: view.page });
    if (this.host.now() - this.snapshotAt >= SNAPSHOT_EVERY_MS) this.snapshot();
  }

  /** An error was met: what the ring holds is sent, and all that follows. */
  failed(): void {
    if (this.over || this.reason !== "error" || this.allowance.metError) return;
    this.allowance.noteError();
    for (const chunk of this.ring.take()) this.send(chunk, false);
    this.note("error", {});
    this.chunks.close(false);
  }

  /** Ends it for good; what was gathered is sent. */
  stop(why: string): void {
    if (this.over) return;
    this.note("stopped", { why });
    this.close(document.visibilityState === "hidden");
    this.end();
  }

  /** Ends it for good; nothing more is sent. */
  discard(): void {
    this.end();
    this.chunks.drop();
    this.ring.take();
    this.post.close("denied");
    this.allowance.forget();
  }

  private end(): void {
    this.over = true;
    this.pause();
    clearInterval(this.timer);
    for (const type of ACTIVITY) removeEventListener(type, this.active, true);
    removeEventListener("pageshow", this.returned, true);
    removeEventListener("pagehide", this.left);
    document.removeEventListener("visibilitychange", this.left);
  }

  private begin(): void {
    for (const type of ACTIVITY) addEventListener(type, this.active, { capture: true, passive: true });
    addEventListener("pageshow", this.returned, true);
    addEventListener("pagehide", this.left);
    document.addEventListener("visibilitychange", this.left);
    this.timer = setInterval(guard(() => this.tick()), CHUNK_MS);
    this.resume();
  }

  private resume(): void {
    this.paused = false;
    this.stopRrweb = record({
      emit: guard((event: unknown) => this.emit(event as RecordedEvent)),
      // Our own mistakes and rrweb's are ours to count.
      errorHandler: (error: unknown) => {
        guard(() => {
          throw error;
        })();
        return true;
      },
      recordAfter: "DOMContentLoaded",
      // For the recorder alone, so that it sees no difference between two secrets; see mask.ts.
      maskInputOptions: { input: true, textarea: true } as object,
      maskInputFn: (text: string) => text,
      maskTextClass: "vigie-none",
      blockClass: "vigie-none",
      blockSelector: "[data-vigie-block]",
      ignoreClass: "vigie-none",
      ignoreSelector: "[data-vigie-ignore]",
      slimDOMOptions: { all: true } as object,
      sampling: { mousemove: 100, scroll: 150, media: 800 },
    });
  }

  /** rrweb no longer watches, until it is resumed. */
  private pause(): void {
    this.paused = true;
    this.stopRrweb?.();
    this.stopRrweb = undefined;
  }

  private snapshot(): void {
    if (!this.paused && !this.over) record.takeFullSnapshot();
  }

  private emit(event: RecordedEvent): void {
    if (this.over || this.paused) return;
    const full = event.type === EventType.FullSnapshot;
    if (event.type === EventType.Meta) {
      this.snapshotBegan = performance.now();
      this.close(false);
    }
    if (!mask(event, this.masking)) return;
    const data = event.data as { source?: Source };
    const mutation = event.type === EventType.Incremental && data.source === Source.Mutation;
    if (mutation && !this.throttle.filter(event.data as Mutation, performance.now())) return;
    this.add(event);
    if (full) this.weigh();
    else if (this.chunks.full) this.close(false);
  }

  private weigh(): void {
    this.snapshotAt = this.host.now();
    this.throttle.stale = false;
    if (performance.now() - this.snapshotBegan <= SNAPSHOT_COST_MAX_MS) return;
    this.allowance.giveUp();
    // Not before rrweb has handed over the function that stops it.
    queueMicrotask(guard(() => this.stop("slow")));
  }

  private add(event: RecordedEvent): void {
    event.timestamp = Math.round(this.host.now());
    this.chunks.add(event, event.type === EventType.Meta);
  }

  /** Closes the chunk, with what was left out of it. */
  private close(leaving: boolean): void {
    const left = this.throttle.takeLeft(mirror);
    if (left) {
      const data = { source: Source.Mutation, adds: [], removes: [], ...left.now };
      const event = { type: EventType.Incremental, timestamp: 0, data };
      if (mask(event, this.masking)) this.add(event);
      this.note("throttled", left.out);
    }
    const caught = takeCaught();
    if (caught) this.note("caught", { count: parseInt(caught.message!) });
    this.chunks.close(leaving);
  }

  private packed(chunk: Packed, leaving: boolean): void {
    if (chunk.body.length > CHUNK_BYTES_MAX) {
      this.chunks.drop();
      this.allowance.giveUp();
      this.stop("size");
    } else if (this.reason === "error" && !this.allowance.metError) {
      if (!this.over) this.ring.add(chunk);
    } else {
      this.send(chunk, leaving);
    }
  }

  private send({ start, end, events, body }: Packed, leaving: boolean): void {
    const {
      tag: { site },
      load,
    } = this.host;
    const { session, reason } = this;
    const header = { v: 1, site, session, load, number: chunksSent++, start, end, events, reason };
    this.allowance.use(body.length);
    this.post.add({ header: JSON.stringify(header).slice(0, -1), body }, leaving);
  }

  private tick(): void {
    const now = this.host.now();
    const spent = this.host.peek(this.host.now()) === this.session ? this.allowance.spent(now) : "session";
    if (spent) return this.stop(spent);
    if (!this.paused && now - this.activeAt >= PAUSE_AFTER_MS) {
      this.note("paused", {});
      this.close(false);
      this.pause();
    }
    if (this.paused) return;
    this.close(false);
    const old = now - this.snapshotAt >= SNAPSHOT_EVERY_MS;
    const ringing = this.reason === "error" && !this.allowance.metError;
    if (old && (ringing || this.throttle.stale)) this.snapshot();
  }

  private readonly active = guard(() => {
    this.activeAt = this.host.now();
    // Whether a session that has ended begins anew, rum.js says.
    if (this.paused && !this.over && this.host.peek(this.host.now()) === this.session) this.resume();
  });

  /** Back from the back/forward cache, with what rrweb knows of the page still true; but a new view. */
  private readonly returned = guard((event: Event) => {
    if ((event as PageTransitionEvent).persisted) this.snapshot();
  });

  private readonly left = guard((event: Event) => {
    if (event.type !== "pagehide" && document.visibilityState !== "hidden") return;
    this.close(true);
    this.post.leave();
  });
}
