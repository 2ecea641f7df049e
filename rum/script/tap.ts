/** Functions of the browser's that we listen to, which stay what they are to the page. */

import { guard } from "./guard";

/** Is told what the call gave, or what it threw; may give something in its place. */
export type After = (result: unknown, threw?: boolean) => unknown;
/** May change the arguments, which are an array of our own. */
export type Before = (self: object, args: unknown[]) => After | void;

/**
 * Calls `before` whenever somebody calls `owner[name]`, if there is such a function.
 *
 * A Proxy keeps name, length, properties, text and identity of `this` as they were, and whoever wraps
 * the function too, before us or after, is none the wiser.
 */
export function tap(owner: any, name: string, before: Before): void {
  const original = owner?.[name];
  // Only functions have one; a page may have a variable of the name.
  if (!original?.call) return;
  const began = guard(before);
  owner[name] = new Proxy(original, {
    apply(target, self, args) {
      const ended = guard(began(self, args) || (() => {}));
      try {
        const result: unknown = Reflect.apply(target, self, args);
        return ended(result) || result;
      } catch (error) {
        ended(error, true);
        throw error;
      }
    },
  });
}
