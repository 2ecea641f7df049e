/** The address of something the page loads or asks for, without what may be somebody's own. */

import { template } from "./template";

/** The whole address, as the page means it; undefined where it is none. */
export function urlOf(text: unknown): URL | undefined {
  try {
    return new URL(text as string, document.baseURI);
  } catch {
    return undefined;
  }
}

/**
 * "/img/?.jpg", "//cdn.example.com/app.js" when it is another host's, "data:" when it has no host.
 * Never a query or a fragment. "" for what is no address.
 */
export function addressOf(text: string): string {
  const url = text && urlOf(text);
  if (!url) return "";
  const { protocol, host, pathname } = url;
  if (!/^(?:http|ws)s?:/.test(protocol)) return protocol;
  return template((host === location.host ? "" : "//" + host) + pathname);
}
