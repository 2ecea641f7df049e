/** What is told of a view again and again, the latest in place of what was told before. */

import type { add, Kind, View } from "./batch";
import { now } from "./clock";
import { guard } from "./guard";

type Latest = [view: View, kind: Kind, figures: object];

const sources: (() => Latest | undefined)[] = [];
const told: { [Of in Kind]?: string } = {};

/** `source` says what is to be told as it stands, if there is anything. */
export function addSource(source: () => Latest | undefined): void {
  sources.push(guard(source));
}

/** Tells of what is other than it was told last, or of all `again`; or shows it only (`shown`). */
export function tellLatest(tell: typeof add, again?: boolean, shown?: boolean): void {
  for (const source of sources) {
    const latest = source();
    if (!latest) continue;
    const [view, kind, figures] = latest;
    const text = view.number + JSON.stringify(figures);
    if (again || text !== told[kind]) tell(view, kind, now(), figures);
    if (!shown) told[kind] = text;
  }
}
