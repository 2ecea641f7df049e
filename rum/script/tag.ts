/** The script's own tag, and what it says: where the script came from, and its data-* settings. */

/** The settings as they stand in the tag: data-route-params is routeParams. docs/rum.md explains each. */
export interface Settings {
  readonly site: string;
  readonly environment?: string;
  readonly release?: string;
  readonly page?: string;
  /** Where batches go; beside the script where it is not given. */
  readonly endpoint?: string;
  /** The name of the global function. */
  readonly name?: string;
  readonly pages?: string;
  readonly routeParams?: string;
  readonly sample?: string;
  readonly replay?: string;
  readonly replayErrors?: string;
  readonly replayIntegrity?: string;
  readonly consent?: string;
  readonly replayConsent?: string;
  readonly gpc?: string;
  readonly storage?: string;
  readonly tenure?: string;
  readonly traceOrigins?: string;
}

export interface Tag extends Settings {
  /** The script's own address; "" where it stands within the page. */
  readonly src: string;
  /** What a Content Security Policy lets scripts of ours in by; "" where there is none. */
  readonly nonce: string;
  /** Where batches go. What else the collector takes is beside it. */
  readonly beacon: string;
}

export let tag = {} as Tag;

/** Reads the tag. Only while the script is first run does the browser say which tag is its own. */
export function readTag(): Tag | undefined {
  // By hand and not by instanceof: an SVG script has neither src nor, in old browsers, dataset.
  let own = document.currentScript as Partial<HTMLScriptElement> | null;
  // A tag manager's script, a module or another's bundle is not ours, but ours may stand beside it.
  if (!own?.dataset?.site) own = document.querySelector("script[data-site]") as typeof own;
  const { src = "", nonce = "", dataset = {} } = own || {};
  const { site, endpoint } = dataset;
  if (!site || !(src || endpoint)) return undefined;
  const beacon = endpoint ? new URL(endpoint, document.baseURI).href : beside("rum/v1/beacon", src);
  return (tag = { ...dataset, site, src, nonce, beacon });
}

/** The address of what stands beside the script. A URL object costs a page more than all else here. */
export function beside(path: string, src = tag.src): string {
  return src.replace(/[^/]*([?#].*)?$/, path);
}

/** A rate as the tag gives it, 0 to 1; `usual` where it gives none, or nonsense. */
export function rate(text: string | undefined, usual: number): number {
  const rate = parseFloat(text!);
  return rate >= 0 && rate <= 1 ? rate : usual;
}

/** What a setting lists, by commas or spaces. */
export function listed(text = ""): string[] {
  return text.split(/[\s,]+/);
}
