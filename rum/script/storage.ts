/** The browser's storage, which may be forbidden, full, or emptied behind our back. */

type Area = "localStorage" | "sessionStorage";

/** The value, or "" where there is none or storage is forbidden. */
export function read(area: Area, key: string): string {
  try {
    // The mere property throws a SecurityError where cookies are blocked, and is null in some WebViews.
    return window[area].getItem(key) || "";
  } catch {
    return "";
  }
}

/** Stores `value`; "" removes the key. False where it could not be stored. */
export function write(area: Area, key: string, value: string): boolean {
  try {
    if (value) window[area].setItem(key, value);
    else window[area].removeItem(key);
    return true;
  } catch {
    return false;
  }
}
