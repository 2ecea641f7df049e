/** Functions of the browser's that we listen to, which stay what they are to the page. */

import { guard } from "./guard";

/** Is told what the call gave, or that it threw; may give something in its place. */
export type After = (result: unknown, threw: boolean) => unknown;
/** May change the arguments, which are an array of our own. */
export type Before = (self: object, args: unknown[]) => After | void;

/**
 * Calls `before` whenever somebody calls `owner[name]`, if there is such a function.
 *
 * A Proxy keeps name, length, properties, text and identity of `this` as they were, and whoever wraps
 * the function too, before us or after, is none the wiser.
 */
export function tap(owner: unknown, name: string, before: Before): void {
  const home = owner as Record<string, unknown> | undefined;
  const original = home?.[name];
  if (typeof original !== "function") return;
  const began = guard(before);
  home![name] = new Proxy(original, {
    apply(target, self, args) {
      const after = began(self, args);
      const ended = guard((result: unknown, threw: boolean) => after?.(result, threw));
      try {
        const result: unknown = Reflect.apply(target, self, args);
        return ended(result, false) || result;
      } catch (error) {
        ended(undefined, true);
        throw error;
      }
    },
  });
}
