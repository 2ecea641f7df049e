/** Texts as shapes: each character an x, the spaces between them kept, so that lines break alike. */

export function hideText(text: string): string {
  return text.replace(/\S/gu, "x");
}

/** A field's value: that there is one, and not how long it is. */
export function hideValue(value: string): string {
  return value ? "•••" : "";
}
