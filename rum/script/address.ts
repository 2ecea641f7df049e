/** The address of something the page loads or asks for, without what may be somebody's own. */

import { template } from "./template";

/**
 * "/img/?.jpg", "//cdn.example.com/app.js" when it is another host's, "data:" when it has no host.
 * Never a query or a fragment. "" for what is no address.
 */
export function addressOf(url: string): string {
  if (!url) return url;
  try {
    const { protocol, host, pathname } = new URL(url, location.href);
    if (!/^(?:http|ws)s?:/.test(protocol)) return protocol;
    return template((host === location.host ? "" : "//" + host) + pathname);
  } catch {
    return "";
  }
}
