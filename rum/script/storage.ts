/**
 * The browser's storage, which may be forbidden, full, or emptied behind our back.
 *
 * Nothing is read or written before consent to it; what was stored can always be erased.
 */

type Area = "localStorage" | "sessionStorage";

let allowed = false;

/** Whether the browser's storage may be read and written from now on. */
export function allowStorage(yes: boolean): void {
  allowed = yes;
}

/** The value, or "" where there is none or storage is forbidden. */
export function read(area: Area, key: string): string {
  try {
    // The mere property throws a SecurityError where cookies are blocked, and is null in some WebViews.
    return (allowed && window[area].getItem(key)) || "";
  } catch {
    return "";
  }
}

/** Stores `value`; "" removes the key. What cannot be stored is not. */
export function write(area: Area, key: string, value: string): void {
  if (!allowed) return;
  if (!value) return erase(area, key);
  try {
    window[area].setItem(key, value);
  } catch {
    // Each that uses storage does without.
  }
}

/** Removes the key, whether or not storage may be used. */
export function erase(area: Area, key: string): void {
  try {
    window[area].removeItem(key);
  } catch {
    // Where storage is forbidden there is nothing to remove.
  }
}
