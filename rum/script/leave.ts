/**
 * What a view was worth to somebody, told when it is left, each time anew:
 *
 * - scroll_px: the lowest pixel of the page that came into sight; scroll: its share of the page's
 *   height, as it was when last looked at.
 * - visible: milliseconds in which the tab was in sight.
 * - engaged: those of them in which the page had the focus and somebody had moved, pressed, typed,
 *   turned the wheel or swiped within the last 5 seconds. To come to a page is the first of it.
 *
 * Times are the monotonic clock's. A page looks at it every 10 seconds; where it did not for longer
 * than 20, the computer slept, and nobody looked.
 */

import { spreadSoon, type View } from "./batch";
import { beforeEnd } from "./end";
import { guard } from "./guard";
import { addSource } from "./latest";
import { isHidden, listen } from "./listen";
import { afterPaint, pageHeight } from "./painted";
import { currentView, onViewEnd } from "./view";

const ACTING_MS = 5000;
const LOOK_EVERY_MS = 10_000;
const ASLEEP_MS = 20_000;
/** By then a single-page application shows its new page, from its top. */
const SHOWN_AFTER_MS = 1000;

let view: View;
let lowestPixel: number;
let share: number;
let visible: number;
let engaged: number;

/** Until when time was counted, and how the page was since. */
let counted = 0;
let inSight: boolean | undefined;
let inFocus: boolean;
let actingUntil = 0;
let looking: boolean | undefined;

export function watchLeaving(): void {
  begin();
  act();
  listen("pointermove pointerdown touchmove keydown wheel", act);
  listen("focus blur visibilitychange", count);
  listen("scroll", scrolled);
  setInterval(
    guard(() => {
      count();
      spreadSoon();
    }),
    LOOK_EVERY_MS,
  );
  onViewEnd.push(begin);
  beforeEnd(look);
  addSource((tell) => {
    count();
    tell(view, "leave", { ...(lowestPixel && { scroll_px: lowestPixel, scroll: share }), visible, engaged });
  });
}

function begin(): void {
  count();
  const mine = (view = currentView());
  lowestPixel = visible = engaged = 0;
  setTimeout(
    guard(() => mine === view && look()),
    SHOWN_AFTER_MS,
  );
}

function act(): void {
  count();
  actingUntil = counted + ACTING_MS;
}

/** Counts the time since it was last counted, as what it was then. */
function count(): void {
  const at = performance.now();
  if (inSight && at - counted < ASLEEP_MS) visible += at - counted;
  if (inSight && inFocus) engaged += Math.max(Math.min(at, actingUntil) - counted, 0);
  counted = at;
  inSight = !isHidden();
  inFocus = document.hasFocus();
}

function scrolled(): void {
  if (looking) return;
  looking = true;
  const mine = view;
  afterPaint(() => {
    looking = false;
    if (mine === view) look();
  });
}

/** Reads the layout: not to be called while the page is at work. */
function look(): void {
  const height = pageHeight();
  lowestPixel = Math.max(lowestPixel, Math.round(Math.min(scrollY + innerHeight, height)));
  share = Math.min(lowestPixel / height, 1);
}
