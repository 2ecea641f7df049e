/**
 * Keeps our own mistakes to ourselves: nothing we do may throw into the page.
 *
 * Every function the browser or the page can call is wrapped. What is caught is counted, and told to
 * the collector once, when the page is left (see main.ts).
 */

let count = 0;
let first: Partial<Error> | null | undefined;
let told: boolean | undefined;

/** `work`, never throwing: undefined where it would have. */
export function guard<Arguments extends unknown[], Result>(
  work: (...args: Arguments) => Result,
): (...args: Arguments) => Result | undefined {
  return (...args) => {
    try {
      // Angular takes timers and requests begun within its zone for the application's own: it would
      // look for changes after each, and never find the application stable.
      const { Zone } = window as { Zone?: { root: { run(work: (...args: Arguments) => Result, self: null, args: Arguments): Result } } };
      return Zone ? Zone.root.run(work, null, args) : work(...args);
    } catch (error) {
      if (!count++) first = error as typeof first;
      return undefined;
    }
  };
}

/** What was caught so far as an error, to the first who asks after something was; undefined otherwise. */
export function takeCaught(): Partial<Error> | undefined {
  if (!count || told) return undefined;
  told = true;
  return { name: "VigieError", message: `${count} caught, the first: ${first?.message}`, stack: first?.stack! };
}

const warned = new Set<string>();

/** Whether it is a text, and not an empty one; if not, that is told of as `what`. */
export function isText(value: unknown, what: string): value is string {
  if (typeof value === "string" && value) return true;
  warn(what);
  return false;
}

/** Tells the developer what is wrong, once each and ten times at most; docs/rum.md says what is right. */
export function warn(what: string): void {
  if (warned.size > 9 || warned.has(what)) return;
  warned.add(what);
  console.warn("vigie: wrong", what);
}
