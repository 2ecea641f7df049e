/**
 * Gzip by the browser itself: no worker from a blob: address, which a strict CSP forbids.
 *
 * By the stream's two ends and not through a Blob's or a Response's: browsers compress within the
 * promises of the page, which are still kept while it is being left.
 */

/** Whether the browser can; Safari from 16.4 on, Firefox from 113. */
export const canGzip = typeof CompressionStream === "function";

export async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const { writable, readable } = new CompressionStream("gzip");
  const writer = writable.getWriter();
  // Their failures are the reader's as well.
  writer.write(new TextEncoder().encode(text)).catch(() => undefined);
  writer.close().catch(() => undefined);
  const reader = readable.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value as Uint8Array);
    length += (value as Uint8Array).length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
