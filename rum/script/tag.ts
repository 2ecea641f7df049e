/** The script's own tag, and what it says: where it came from, and data-* settings. */

export interface Tag {
  /** Where batches go: beside the script itself, so that a site's own proxy serves both. */
  readonly endpoint: string;
  readonly site: string;
  readonly environment: string;
  readonly release: string;
  readonly page: string;
}

/** Reads the tag. Only while the script is first run does the browser say which tag is its own. */
export function readTag(): Tag | undefined {
  const own = document.currentScript || document.querySelector("script[data-site]");
  // By hand and not by instanceof: an SVG script has neither src nor, in old browsers, dataset.
  const { src, dataset = {} } = (own || {}) as Partial<HTMLScriptElement>;
  if (!src || !dataset.site) return undefined;
  return {
    endpoint: new URL("rum/v1/beacon", src).href,
    site: dataset.site,
    environment: dataset.environment || "",
    release: dataset.release || "",
    page: dataset.page || "",
  };
}
