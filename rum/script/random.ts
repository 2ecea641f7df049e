/** Random bits, from the browser's cryptographic source. */

/** `words` whole numbers of 32 bits, in lower-case hex: 8 digits each. */
export function randomHex(words: number): string {
  return Array.from(randomWords(words), (word) => word.toString(16).padStart(8, "0")).join("");
}

export function randomWords(words: number): Uint32Array {
  return crypto.getRandomValues(new Uint32Array(words));
}
