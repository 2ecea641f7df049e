/** Random bits, from the browser's cryptographic source. */

/** `digits` lower-case hex digits, 4 random bits each. */
export function randomHex(digits: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(digits));
  return bytes.reduce((text, byte) => text + (byte % 16).toString(16), "");
}
