/** Random bits, from the browser's cryptographic source. */

/** `digits` lower-case hex digits, 4 random bits each. */
export function randomHex(digits: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(digits / 2));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
