/** Events of the page, wherever in it, before the page itself hears of them. */

import { guard } from "./guard";

/**
 * Tells of these events (types with spaces between), and can neither stop nor delay them. What a browser
 * does not have (undefined) is not listened to: the window never hears of its events.
 */
export function listen<Type extends Event>(
  types: string,
  told: (event: Type) => void,
  target: EventTarget = window,
): void {
  const guarded = guard(told) as EventListener;
  for (const type of types.split(" ")) target.addEventListener(type, guarded, { capture: true, passive: true });
}

/** The Navigation API, where there is one. */
export function navigationOf(): EventTarget | undefined {
  return (window as { navigation?: EventTarget }).navigation;
}

/** Whether nobody can see the page. */
export function isHidden(): boolean {
  return document.visibilityState === "hidden";
}
