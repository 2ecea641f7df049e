/** What rum.js and rum-replay.js are to each other: the two are built apart and share no variable. */

/** Why a session is recorded: it is in the sample, or it keeps its last minute in case of an error. */
export type Reason = "sample" | "error";

/** rum.js, as it hangs on the script element that loads rum-replay.js. */
export interface Host {
  readonly tag: {
    readonly site: string;
    /** Where batches go; chunks go beside them. */
    readonly beacon: string;
  };
  /** The page load's number, as in batches. */
  readonly load: number;
  /** The browser's, as it was before the page put another in its place. */
  readonly fetch: typeof fetch;
  /** Whether a request of so many bytes may outlive the page beside all others; takes them if so. */
  keep(bytes: number): boolean;
  mayRecord(): boolean;
  now(): number;
  /** The session that is going on. */
  peek(now: number): string | undefined;
  /** The view that is going on. */
  view(now: number): { readonly session: string; readonly number: number; readonly page: string } | undefined;
  /** The session to record, and why; both "" where there is none. */
  session: string;
  reason: Reason | "";
  /** An error was recorded, in this page and the session so far. */
  error?: boolean;
  /** What rum-replay.js puts in place: told of any change in these three, and of each new view. */
  changed?: () => void;
}
