/** Where a click was: within its target, on the page, and on how wide a page. */

import { afterPaint, pageHeight } from "./painted";

export interface Spot {
  /** 0 to 1 of the target's width and height. */
  readonly x: number;
  readonly y: number;
  /** Pixels from the page's left and top, wherever it was scrolled to. */
  readonly page_x: number;
  readonly page_y: number;
  readonly viewport_width: number;
  readonly document_height: number;
  /** The target stays where it is while the page scrolls. */
  readonly fixed: boolean;
}

/** Looks after the next frame, or when first asked. */
export function spotOf(event: MouseEvent, path: readonly EventTarget[], target: Element): () => Spot {
  let spot: Spot | undefined;
  const look = () => (spot ||= read(event, path, target));
  afterPaint(look);
  return look;
}

function read(event: MouseEvent, path: readonly EventTarget[], target: Element): Spot {
  let { clientX, clientY, pageX, pageY } = event;
  const { left, top, width, height } = target.getBoundingClientRect();
  // Keys click in the middle, wherever they say they do.
  if (!clientX && !clientY) {
    pageX = (clientX = left + width / 2) + scrollX;
    pageY = (clientY = top + height / 2) + scrollY;
  }
  return {
    x: share(clientX - left, width),
    y: share(clientY - top, height),
    page_x: pageX,
    page_y: pageY,
    viewport_width: innerWidth,
    document_height: pageHeight(),
    fixed: path.some((node) => node instanceof Element && getComputedStyle(node).position === "fixed"),
  };
}

/** What is gone by now has no size; its middle is the likeliest. */
function share(part: number, whole: number): number {
  return whole ? Math.min(Math.max(part / whole, 0), 1) : 0.5;
}
