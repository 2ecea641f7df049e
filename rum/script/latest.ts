/** What is told of a view again and again, the latest in place of what was told before. */

import { add, type Kind, type View } from "./batch";
import { now } from "./clock";

const last: { [Of in Kind]?: string } = {};

/** Adds these figures of the view, unless they are what was told last and are not to be told `again`. */
export function addLatest(view: View, kind: Kind, figures: object, again?: boolean): void {
  const text = view.number + JSON.stringify(figures);
  if (text !== last[kind] || again) add(view, kind, now(), figures);
  last[kind] = text;
}
