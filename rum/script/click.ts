/**
 * Clicks: on what, where, and whether people lived them badly.
 *
 * - rage: three or more within a second on one target, each at most 100 px from the one before, while
 *   nothing was selected, scrolled or opened. A counter that works is no exception: who clicks it three
 *   times a second would like another way to say "three more". Keys do not rage, for they repeat.
 * - dead: nothing came of it (activity.ts) within 400 ms, on something where the browser does nothing
 *   by itself. The page's own ground is left out: people click it to put a menu away, or for nothing.
 * - error: the page failed while what the click set off went on: until 100 ms were quiet, 10 s at most.
 *
 * What happens between press and click counts too, for menus open at the press. A click is told once it
 * is over, and nobody's click: what scripts do by element.click() is activity and not a click.
 */

import { calmedAt, conclude, erred, expect, happened, type Activity } from "./activity";
import { add, type View } from "./batch";
import { now } from "./clock";
import { beforeEnd } from "./end";
import { whenErrorRecorded } from "./error";
import { guard } from "./guard";
import { selectorOf } from "./selector";
import { spotOf, type Spot } from "./spot";
import { currentView } from "./view";

const CLICKS_MAX = 1000;
const RAGE_CLICKS = 3;
const RAGE_MS = 1000;
const RAGE_PX = 100;
/** Who sees nothing for as long does not feel that the page answered (W. Doherty, IBM, 1982). */
const SHOW_MS = 400;
const QUIET_MS = 100;
const LASTS_MAX_MS = 10_000;
/** A timer as late as this means that the page was busy, perhaps with the click. */
const LATE_MS = 50;

/** What people mean to click, whatever of it they hit. */
const MEANT =
  "a,button,input,select,textarea,label,summary,[role=button],[role=link],[role=tab],[role^=menuitem],[onclick]";
/** Where a click is for the browser, which shows or plays or lets write; or where nobody can see. */
const ACTS =
  "a[href],area,label,select,textarea,canvas,video,audio,object,embed,[contenteditable],input:not([type=button],[type=submit],[type=reset],[type=image])";

interface Press {
  readonly target: Element;
  readonly path: readonly EventTarget[];
  readonly activity: Activity;
  readonly spot: () => Spot;
}

/** Clicks that followed each other on one target. */
interface Burst {
  readonly began: number;
  readonly target: Element;
  last: MouseEvent;
  readonly times: number[];
  raging?: boolean;
}

interface Click extends Press {
  readonly view: View;
  readonly at: number;
  readonly selector: string;
  readonly burst: Burst;
  readonly number: number;
}

const unsent = new Set<Click>();
let count = 0;
let pressed: Press | undefined;
let burst: Burst | undefined;

export function watchClicks(): void {
  watch("pointerdown", (event) => {
    drop();
    const one = (pressed = press(event, targetOf(event)));
    setTimeout(() => pressed === one && drop(), RAGE_MS);
  });
  watch("pointerup", (event) => {
    // Of what is disabled, browsers tell no click.
    const target = pressed?.target;
    if (target?.matches(":disabled") && targetOf(event) === target) clicked(event, target);
  });
  watch("click", (event) => clicked(event, targetOf(event)));
  whenErrorRecorded(erred);
  beforeEnd(() => {
    // That the page is left is something that comes of a click, too.
    happened();
    unsent.forEach(tell);
  });
}

function watch(type: string, told: (event: MouseEvent) => void): void {
  const guarded = guard((event: Event) => (event.isTrusted ? told(event as MouseEvent) : happened()));
  addEventListener(type, guarded, { capture: true, passive: true });
}

/** The element itself, within whatever shadow roots, or what it is a part of. */
function targetOf(event: Event): Element {
  const elements = event.composedPath().filter((node) => node instanceof Element);
  return elements.find((element) => element.matches(MEANT)) || elements[0]!;
}

function press(event: MouseEvent, target: Element): Press {
  const path = event.composedPath();
  return { target, activity: expect(path), spot: spotOf(event, path, target) };
}

/** Nothing comes of the last press: it began a scroll, or was another button's. */
function drop(): void {
  if (pressed) conclude(pressed.activity);
  pressed = undefined;
}

function clicked(event: MouseEvent, target: Element): void {
  // A label's click is followed by one of what it labels, at the same moment.
  if (burst && burst.event.timeStamp === event.timeStamp && burst.target !== target) return;
  if (pressed?.target !== target) drop();
  const { activity, spot } = pressed || press(event, target);
  pressed = undefined;
  if (++count > CLICKS_MAX) return void conclude(activity);
  activity.began = performance.now();
  burst = burstOf(event, target, activity.began);
  const at = now();
  const click = {
    target,
    activity,
    spot,
    view: currentView(at),
    at,
    selector: selectorOf(target),
    mortal: target.matches(":disabled") || !(idle(target) || event.composedPath().some(acts)),
    burst,
    number: burst.times.length,
  };
  unsent.add(click);
  settle(click, activity.began);
}

/** The page's ground; or an element whose inside, a closed shadow root, nobody can see. */
function idle(target: Element): boolean {
  return target.matches("html,body") || (target.localName.includes("-") && !target.shadowRoot);
}

function acts(node: EventTarget): boolean {
  return node instanceof Element && node.matches(ACTS);
}

function burstOf(event: MouseEvent, target: Element, at: number): Burst {
  const { times = [], event: last, target: same } = burst || {};
  const goesOn =
    last &&
    same === target &&
    at - times[times.length - 1]! <= RAGE_MS &&
    Math.hypot(event.clientX - last.clientX, event.clientY - last.clientY) <= RAGE_PX;
  const one: Burst = goesOn ? burst! : { target, began: at, times: [], event };
  one.event = event;
  one.times.push(at);
  if (event.detail && at - one.times[one.times.length - RAGE_CLICKS]! <= RAGE_MS) one.raging = true;
  return one;
}

/** Waits until what the click set off is over, then until it can be no part of a burst any more. */
function settle(click: Click, due: number): void {
  const { activity } = click;
  const at = performance.now();
  if (activity.requests || at - due > LATE_MS) activity.last = at;
  const { began, last } = activity;
  const end = Math.min(Math.max(began + SHOW_MS, last + QUIET_MS), began + LASTS_MAX_MS);
  if (at >= end) conclude(activity);
  const next = at < end ? end : began + RAGE_MS;
  if (at < next) setTimeout(guard(() => settle(click, next)), next - at);
  else tell(click);
}

function tell(click: Click): void {
  if (!unsent.delete(click)) return;
  const { activity, burst, number } = click;
  conclude(activity);
  const rages = burst.raging && number === burst.times.length && calmedAt < burst.began;
  add(click.view, {
    kind: "click",
    at: click.at,
    target: click.selector,
    ...click.spot(),
    rage: rages ? number : undefined,
    dead: (click.mortal && !activity.seen) || undefined,
    error: activity.failed || undefined,
  });
}
