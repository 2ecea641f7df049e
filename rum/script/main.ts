/**
 * rum.js: what people live on a site, measured in their browsers, for a Vigie of the site's own.
 *
 *   <script async src="/vigie/rum.js" data-site="KEY"></script>
 */

import { alreadyHere, openApi, queuedPage } from "./api";
import { campaign, referrerHost } from "./arrival";
import { context, seal } from "./batch";
import { moment, now } from "./clock";
import { recordError, watchErrors } from "./error";
import { guard, takeCaught, warn } from "./guard";
import { leave, online, resume, sendTo } from "./send";
import { keepAlive, touch } from "./session";
import { readTag, type Tag } from "./tag";
import { takeDeclared } from "./user";
import { currentView, viewAgain, watchViews, whenViewEnds } from "./view";
import { recordVitals, restartVitals, watchVitals } from "./vitals";

const TOUCH_EVERY_MS = 1000;
const KEEP_ALIVE_EVERY_MS = 60_000;

/** Consent and Global Privacy Control are to be asked here: before this nothing is stored or sent. */
function start(tag: Tag): void {
  if (alreadyHere()) return;
  Object.assign(context, {
    site: tag.site,
    environment: tag.environment || undefined,
    release: tag.release || undefined,
    referrer: referrerHost() || undefined,
    campaign: campaign() || undefined,
  });
  watchViews(queuedPage() || tag.page);
  whenViewEnds(() => recordVitals());
  // One that fails is told of like any mistake of ours, and leaves the others their work.
  for (const step of [watchReturn, watchFirstVitals, watchErrors, watchPeople, watchEnd, openApi]) {
    guard(step)();
  }
  sendTo(tag.endpoint);
}

/** Whatever somebody does keeps the session going; storage is written once a second at most. */
function watchPeople(): void {
  let last = 0;
  const seen = guard(() => {
    const at = now();
    if (at - last < TOUCH_EVERY_MS) return;
    last = at;
    currentView(at);
    touch(at);
  });
  for (const type of ["click", "keydown", "touchstart", "scroll"]) {
    addEventListener(type, seen, { capture: true, passive: true });
  }
  setInterval(
    guard(() => document.visibilityState === "visible" && keepAlive(now())),
    KEEP_ALIVE_EVERY_MS,
  );
}

/**
 * The page comes back from the back/forward cache: a new view, with vitals of its own. Listens as
 * early as web-vitals does, for that reports the return's TTFB at once, to whatever view is in place.
 */
function watchReturn(): void {
  const returned = guard((event: PageTransitionEvent) => {
    if (!event.persisted) return;
    restartVitals(viewAgain(moment(event.timeStamp)));
    resume();
  });
  addEventListener("pageshow", returned, true);
}

function watchFirstVitals(): void {
  watchVitals(currentView(now()));
}

/** The page is left, comes back into sight, or never does. */
function watchEnd(): void {
  // On the document, for web-vitals has its last word in capturing listeners of the window.
  document.addEventListener(
    "visibilitychange",
    guard(() => (document.visibilityState === "hidden" ? say(false) : resume())),
  );
  // Both are needed: a tab put aside on a phone may be killed without a pagehide, and browsers differ
  // in whether and in which order a navigation fires the two.
  addEventListener("pagehide", guard(() => say(true)));
  addEventListener("online", guard(online));
}

/** Says all there is to say, for it may be the last time. */
function say(gone: boolean): void {
  recordVitals(takeDeclared());
  const caught = takeCaught();
  if (caught) {
    const { message, stack } = (caught.first || {}) as Partial<Error>;
    recordError("VigieError", `${caught.count} caught, the first: ${message}`, stack || "");
  }
  seal();
  leave(gone);
}

guard(() => {
  const tag = readTag();
  if (!tag) {
    warn('nothing is measured: the script\'s tag needs data-site="KEY", with the key of vigie.toml');
  } else if (document.prerendering) {
    // Nobody sees the page yet, and perhaps nobody will.
    document.addEventListener("prerenderingchange", guard(() => start(tag)), { once: true });
  } else {
    start(tag);
  }
})();
