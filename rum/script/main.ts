/**
 * rum.js: what people live on a site, measured in their browsers, for a Vigie of the site's own.
 *
 *   <script async src="/vigie/rum.js" data-site="KEY"></script>
 */

import { alreadyHere, openApi, queuedPage } from "./api";
import { campaign, referrerHost } from "./arrival";
import { context, forgetGathered, schedule } from "./batch";
import { watchClicks } from "./click";
import { moment, now } from "./clock";
import { consentNow, declareConsent, mayGather, maySend, onConsent, readConsent, type Consent } from "./consent";
import { once, watchEnd } from "./end";
import { watchErrors } from "./error";
import { guard, warn } from "./guard";
import { isHidden, listen } from "./listen";
import { watchLeaving } from "./leave";
import { whenIdle } from "./observe";
import { watchRequests } from "./request";
import { beginSending, forgetUnsent, resume } from "./send";
import { offerReplay } from "./replay_loader";
import { forgetSession, keepAlive, touch, whenWithdrawnElsewhere } from "./session";
import { readTag, tag } from "./tag";
import { currentView, firstView, viewAgain, watchViews } from "./view";
import { restartVitals, watchVitals } from "./vitals";

const TOUCH_EVERY_MS = 1000;
const KEEP_ALIVE_EVERY_MS = 60_000;

/** What is watched from the first moment on, lest something be missed. */
const WATCHERS: readonly (() => void)[] = [
  watchErrors,
  watchClicks,
  watchRequests,
  watchEnd,
  offerReplay,
];
/**
 * What is watched a moment later, each in a task of its own, so that none of ours is a long one. The
 * browser keeps vitals for who comes late; the session is touched by the first view; nobody returns yet.
 */
const LATE_WATCHERS: readonly (() => void)[] = [
  firstView,
  watchLeaving,
  watchVitals,
  watchPeople,
  watchReturn,
  // To listen opens the browser's storage.
  () => whenWithdrawnElsewhere(() => declareConsent("denied")),
];

let watching: boolean | undefined;

function start(): void {
  if (alreadyHere()) return;
  Object.assign(context, {
    site: tag.site,
    environment: tag.environment,
    release: tag.release,
    referrer: referrerHost(),
    campaign: campaign(),
  });
  readConsent();
  openApi(() => {
    onConsent.push(guard(obey));
    obey(consentNow());
  });
}

/** Does what consent, as it is now, asks for. */
function obey(consent: Consent, before?: Consent): void {
  if (consent === before) return;
  // What was gathered in a mind that had not to know is not known either.
  if (consent === "denied" || before === "denied") {
    forgetGathered();
    forgetUnsent();
    forgetSession(before && consent === "denied");
  }
  if (!mayGather()) return;
  if (!watching) watch();
  // Where storage may be used from now on, the session is stored for the other tabs to share.
  if (before) {
    touch();
    currentView();
  }
  // What an earlier page could not send is in storage that browsers take their time to read.
  if (maySend()) whenIdle(once(beginSending));
  // What waited for consent waits no longer.
  if (before) schedule(true);
}

function watch(): void {
  watching = true;
  watchViews(queuedPage() || tag.page);
  // One that fails is told of like any mistake of ours, and leaves the others their work.
  for (const watcher of WATCHERS) guard(watcher)();
  for (const watcher of LATE_WATCHERS) setTimeout(once(watcher));
}

/** Whatever somebody does keeps the session going; storage is written once a second at most. */
function watchPeople(): void {
  let last = 0;
  listen("click keydown touchstart scroll", () => {
    const at = now();
    if (at - last < TOUCH_EVERY_MS) return;
    last = at;
    currentView(at);
    touch(at);
  });
  setInterval(
    guard(() => isHidden() || keepAlive()),
    KEEP_ALIVE_EVERY_MS,
  );
}

/**
 * The page comes back from the back/forward cache: a new view, with vitals of its own.
 */
function watchReturn(): void {
  listen<PageTransitionEvent>("pageshow", ({ persisted, timeStamp }) => {
    if (!persisted) return;
    restartVitals(viewAgain(moment(timeStamp)), timeStamp);
    resume();
  });
}

guard(() => {
  if (!readTag()) {
    warn("data-site");
  } else if (document.prerendering) {
    // Nobody sees the page yet, and perhaps nobody will.
    listen("prerenderingchange", start);
  } else {
    start();
  }
})();
