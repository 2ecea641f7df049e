/** What is told of a view again and again, the latest in place of what was told before. */

import type { add, Kind, View } from "./batch";
import { now } from "./clock";
import { guard } from "./guard";

type Tell = (view: View, kind: Kind, figures: object) => void;

const sources: ((tell: Tell) => void)[] = [];
let again: boolean | undefined;
const told: { [Of in Kind]?: string } = {};

/** `source` tells what there is to tell as it stands. */
export function addSource(source: (tell: Tell) => void): void {
  sources.push(guard(source));
}

/** Has all be told again, be it what was told last: the next batch carries what else there is to know. */
export function tellAgain(): void {
  again = true;
}

/** Tells of what is other than it was told last; or shows it only (`shown`). */
export function tellLatest(tell: typeof add, shown?: boolean): void {
  for (const source of sources) {
    source((view, kind, figures) => {
      const text = view.number + JSON.stringify(figures);
      if (again || text !== told[kind]) tell(view, kind, now(), figures);
      if (!shown) told[kind] = text;
    });
  }
  if (!shown) again = false;
}
