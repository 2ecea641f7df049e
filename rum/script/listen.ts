/** Events of the page, wherever in it, before the page itself hears of them. */

import { guard } from "./guard";

/** Tells of these events (types with spaces between), and can neither stop nor delay them. */
export function listen<Type extends Event>(types: string, told: (event: Type) => void): void {
  const guarded = guard(told) as EventListener;
  for (const type of types.split(" ")) addEventListener(type, guarded, { capture: true, passive: true });
}
