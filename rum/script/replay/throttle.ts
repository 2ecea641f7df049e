/**
 * A bucket for each node: one that changes like mad is written down a few times a second, no more.
 *
 * What it was left at is read once the chunk is closed, so that the recording ends up right; children
 * that were left out make a new snapshot due. How much was left out stands in the recording.
 */

import type { Mirror, Mutation } from "./wire";

/** Changes a node may make at once, and then each second. */
const BURST = 60;
const PER_SECOND = 10;
const NODES_MAX = 5000;
const NAMED_MAX = 20;

interface Bucket {
  left: number;
  at: number;
}

/** What was left out since it was last asked. */
export interface LeftOut {
  readonly changes: number;
  /** Ids of the first nodes it was about. */
  readonly nodes: number[];
}

export class Throttle {
  private buckets = new Map<number, Bucket>();
  private left = new Map<number, Set<string>>();
  private changes = 0;
  /** Children were left out: only a snapshot can tell how the page looks. */
  stale = false;

  /** Leaves out what comes too fast; false where nothing remains. */
  filter(data: Mutation, at: number): boolean {
    const asked = new Map<number, boolean>();
    const passes = (id: number): boolean => {
      let answer = asked.get(id);
      if (answer === undefined) asked.set(id, (answer = this.take(id, at)));
      if (!answer) this.changes++;
      return answer;
    };
    const children = ({ parentId }: { parentId: number }) => {
      const pass = passes(parentId);
      if (!pass) this.note(parentId, []);
      this.stale ||= !pass;
      return pass;
    };
    data.adds = data.adds.filter(children);
    data.removes = data.removes.filter(children);
    data.texts = data.texts.filter(({ id }) => passes(id) || this.note(id, ["#text"]));
    data.attributes = data.attributes.filter(
      (one) => passes(one.id) || this.note(one.id, Object.keys(one.attributes)),
    );
    return !!(data.adds[0] || data.removes[0] || data.texts[0] || data.attributes[0]);
  }

  /** What was left out, and how the nodes look now that are still there (not masked yet). */
  takeLeft(mirror: Mirror): { out: LeftOut; now: Pick<Mutation, "texts" | "attributes"> } | undefined {
    if (!this.changes) return undefined;
    const now: Pick<Mutation, "texts" | "attributes"> = { texts: [], attributes: [] };
    for (const [id, names] of this.left) {
      const node = mirror.getNode(id);
      if (names.delete("#text") && node) now.texts.push({ id, value: node.textContent });
      if (!names.size || !node) continue;
      const attributes: Record<string, unknown> = {};
      for (const name of names) attributes[name] = (node as Element).getAttribute(name);
      now.attributes.push({ id, attributes });
    }
    const out = { changes: this.changes, nodes: [...this.left.keys()].slice(0, NAMED_MAX) };
    this.left.clear();
    this.changes = 0;
    return { out, now };
  }

  private note(id: number, names: string[]): false {
    const noted = this.left.get(id) || new Set<string>();
    names.forEach((name) => noted.add(name));
    if (this.left.size < NODES_MAX) this.left.set(id, noted);
    return false;
  }

  private take(id: number, at: number): boolean {
    if (this.buckets.size > NODES_MAX) this.buckets.clear();
    const bucket = this.buckets.get(id) || { left: BURST, at };
    this.buckets.set(id, bucket);
    bucket.left = Math.min(BURST, bucket.left + ((at - bucket.at) / 1000) * PER_SECOND);
    bucket.at = at;
    if (bucket.left < 1) return false;
    bucket.left--;
    return true;
  }
}
