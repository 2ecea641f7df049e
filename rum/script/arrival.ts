/** Where a page load came from: another site's host, and the campaign its address names. */

/** The referrer's host; "" where the referrer is this site, or unknown. */
export function referrerHost(): string | undefined {
  const host = document.referrer.split("/")[2];
  return host === location.host ? "" : host;
}

/** utm_campaign, or utm_source where there is no campaign. The rest of the query is not read. */
export function campaign(): string | null {
  const query = new URLSearchParams(location.search);
  return query.get("utm_campaign") || query.get("utm_source");
}
