/**
 * The browser's storage, which may be forbidden, full, or emptied behind our back.
 *
 * Nothing is read or written before consent to it; what was stored can always be erased.
 */

type Area = "localStorage" | "sessionStorage";

let allowed: boolean | undefined;

/** Whether the browser's storage may be read and written from now on. */
export function allowStorage(yes: boolean): void {
  allowed = yes;
}

/** The value, or "" where there is none or storage is forbidden. */
export function read(area: Area, key: string): string {
  return (allowed && use(area, (storage) => storage.getItem(key))) || "";
}

/** Stores `value`, where storage may be used; "" removes the key. */
export function write(area: Area, key: string, value: string): void {
  if (allowed) put(area, key, value);
}

/** The same, whether or not it may. What cannot be stored is not: each that uses it does without. */
export function put(area: Area, key: string, value?: string): void {
  use(area, (storage) => (value ? storage.setItem(key, value) : storage.removeItem(key)));
}

function use<Result>(area: Area, work: (storage: Storage) => Result): Result | undefined {
  try {
    // The mere property throws a SecurityError where cookies are blocked, and is null in some WebViews.
    return work(window[area]);
  } catch {
    return undefined;
  }
}
