/** Where a page load came from: another site's host, and the campaign its address names. */

const LENGTH_MAX = 200;

/** The referrer's host; "" where the referrer is this site, or unknown. */
export function referrerHost(): string {
  if (!document.referrer) return "";
  const { host } = new URL(document.referrer);
  return host === location.host ? "" : host.slice(0, LENGTH_MAX);
}

/** utm_campaign, or utm_source where there is no campaign. The rest of the query is not read. */
export function campaign(): string {
  const query = new URLSearchParams(location.search);
  return (query.get("utm_campaign") || query.get("utm_source") || "").slice(0, LENGTH_MAX);
}
