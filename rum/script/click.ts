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
 * is over. What scripts do by element.click() is something that happens, and nobody's click.
 */

import { calmedAt, expect, happened, type Told } from "./activity";
import { add } from "./batch";
import { now } from "./clock";
import { beforeEnd, once } from "./end";
import { onError } from "./error";
import { guard } from "./guard";
import { listen } from "./listen";
import { selectorOf } from "./selector";
import { spotOf } from "./spot";
import { currentView } from "./view";

const CLICKS_MAX = 1000;
/** Clicks that must follow a click. */
const RAGE_MORE = 2;
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
/** Where a click is for the browser, which goes, plays or lets write; or where nobody can see. */
const ACTS =
  "a[href],label,select,textarea,canvas,video,audio,[contenteditable],input:not([type=button],[type=submit])";

/** Ends a press: as this click, or as none. */
type Release = (click?: MouseEvent) => void;

let count = 0;

let pressed: Element | undefined;
let release: Release = nothing;

/** Clicks that follow each other on one target, by their times. */
let burst: number[] = [];
let last: { event: MouseEvent; target: Element } | undefined;

export function watchClicks(): void {
  watch("pointerdown", (event, target) => {
    release();
    pressed = target;
    const mine = (release = press(event, target));
    setTimeout(() => mine === release && mine(), RAGE_MS);
  });
  watch("pointerup", (event, target) => {
    // Of what is disabled, browsers tell no click.
    if (pressed === target && is(target, ":disabled")) clicked(event, target);
  });
  watch("click", clicked);
  onError.push(() => happened(0, true));
  // That the page is left is something that comes of a click, too.
  beforeEnd(happened);
}

function watch(type: string, told: (event: MouseEvent, target: Element) => void): void {
  listen<MouseEvent>(type, (event) => {
    if (!event.isTrusted) return void happened();
    // The element itself, within whatever shadow roots, or what it is a part of.
    const path = event.composedPath();
    told(event, (path.find((node) => is(node, MEANT)) || path[0]) as Element);
  });
}

function is(node: EventTarget, selector: string): boolean {
  return node instanceof Element && node.matches(selector);
}

function clicked(event: MouseEvent, target: Element): void {
  // A label's click is followed by one of what it labels, at the same moment.
  if (last && last.event.timeStamp === event.timeStamp && last.target !== target) return;
  if (pressed !== target) {
    release();
    release = press(event, target);
  }
  const released = release;
  pressed = undefined;
  release = nothing;
  released(event);
}

function nothing(): void {}

function press(pressing: MouseEvent, target: Element): Release {
  const path = pressing.composedPath();
  const spot = spotOf(pressing, path, target);
  let quietAt = 0;
  let requests = 0;
  let seen = false;
  let failed = false;
  const told: Told = (change, error) => {
    requests += change;
    failed ||= error!;
    seen = true;
    quietAt = performance.now() + QUIET_MS;
  };
  const conclude = expect(path, told);

  return (event) => {
    if (!event || ++count > CLICKS_MAX) {
      // Of what comes of a press that goes on, nothing is known from here on: it is not dead.
      seen = true;
      return conclude();
    }
    expect(path, told);
    const began = performance.now();
    const at = now();
    const view = currentView(at);
    const selector = selectorOf(target);
    const mortal = is(target, ":disabled") || !(is(target, "html,body") || path.some((node) => is(node, ACTS)));
    if (
      last?.target !== target ||
      began - burst[burst.length - 1]! > RAGE_MS ||
      Math.hypot(event.clientX - last.event.clientX, event.clientY - last.event.clientY) > RAGE_PX
    ) {
      burst = [];
    }
    last = { event, target };
    const mine = burst;
    // A click without a press is a key's.
    const number = event !== pressing && mine.push(began);

    const tell = once(() => {
      conclude();
      const rages =
        number === mine.length &&
        calmedAt < mine[0]! &&
        mine.some((time, index) => mine[index + RAGE_MORE]! - time <= RAGE_MS);
      add(view, "click", at, {
        target: selector,
        ...spot(),
        rage: rages && number,
        dead: mortal && !seen,
        error: failed,
      });
    });
    const settle = guard((due: number) => {
      const time = performance.now();
      if (requests > 0 || time - due > LATE_MS) quietAt = time + QUIET_MS;
      const end = Math.min(Math.max(began + SHOW_MS, quietAt), began + LASTS_MAX_MS);
      const next = time < end ? end : began + RAGE_MS;
      if (time >= end) conclude();
      if (time < next) setTimeout(settle, next - time, next);
      else tell();
    });
    settle(began);
  };
}
