/**
 * The global `vigie` of rum.js, for TypeScript. It never throws and returns nothing, and may be called
 * before the script has arrived when the stub stands in the page.
 *
 *   /// <reference path="./rum.d.ts" />
 */

/** What fits into a table; anything else is left out, with a warning in the console. */
type VigieValue = string | number | boolean;

interface VigieEventOptions {
  /** What it is worth, in `currency` or in whatever the site counts. */
  value?: number;
  /** ISO 4217: "EUR". */
  currency?: string;
  /** Up to 20; texts up to 200 characters. */
  attributes?: Record<string, VigieValue>;
}

interface VigieUserOptions {
  /** One of the site's levels, such as "novice". */
  level?: string | null;
  /** The date of sign-up, from which data-tenure makes the level; it never leaves the page. */
  since?: Date | string | number;
}

type VigieConsent = "granted" | "pending" | "denied";

interface Vigie {
  /** Something that happened and matters: "mandate_signed". */
  (command: "event", name: string, options?: VigieEventOptions): void;
  /** Who is signed in, by the site's own id; null once nobody is. The id is hashed, never stored. */
  (command: "user", id: string | number | null, options?: VigieUserOptions): void;
  /** The user's experience level; null takes it back. */
  (command: "level", level: string | null): void;
  /** What else tells users apart: {kind: "seller"}. */
  (command: "segment", segments: Record<string, VigieValue | null>): void;
  /** The page's name, in place of its path's template. */
  (command: "page", name: string): void;
  /** An error that the site caught itself. */
  (command: "error", error: unknown, options?: { attributes?: Record<string, VigieValue> }): void;
  /** What the visitor answered to the banner. */
  (command: "consent", consent: VigieConsent): void;
  /** Whether the visitor agrees to be recorded. */
  (command: "replay", consent: "granted" | "denied"): void;
  /** Gives the session's id as soon as it is certain, to quote to support; "" without storage. */
  (command: "session", told: (id: string) => void): void;
  /** No more of anything until the next page load. */
  (command: "stop"): void;
}

declare var vigie: Vigie;

interface Window {
  vigie: Vigie;
}
