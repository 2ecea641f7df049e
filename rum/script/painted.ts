/** Work that reads the layout, at the one moment at which that costs nothing. */

import { guard } from "./guard";

/** Does `work` in a task of its own after the next frame: layout is done, and nobody waits for us. */
export function afterPaint(work: () => void): void {
  requestAnimationFrame(() => setTimeout(guard(work)));
}

/** In pixels. Without a doctype it is the body that scrolls. */
export function pageHeight(): number {
  return (document.scrollingElement || document.documentElement).scrollHeight;
}
