/**
 * rum.js: what people live on a site, measured in their browsers, for a Vigie of the site's own.
 *
 *   <script async src="/vigie/rum.js" data-site="KEY"></script>
 */

import { watchActivity } from "./activity";
import { alreadyHere, openApi, queuedPage } from "./api";
import { campaign, referrerHost } from "./arrival";
import { context, forgetGathered, schedule } from "./batch";
import { watchClicks } from "./click";
import { moment, now } from "./clock";
import { consentNow, mayGather, maySend, readConsent, whenConsentChanges, type Consent } from "./consent";
import { beforeEnd, watchEnd } from "./end";
import { watchErrors } from "./error";
import { guard, warn } from "./guard";
import { isHidden, listen } from "./listen";
import { watchLeaving } from "./leave";
import { watchRequests } from "./request";
import { beginSending, forgetUnsent, resume } from "./send";
import { offerReplay } from "./replay_loader";
import { forgetSession, keepAlive, touch } from "./session";
import { readTag, tag } from "./tag";
import { takeDeclared } from "./user";
import { currentView, viewAgain, watchViews, whenViewEnds } from "./view";
import { recordVitals, restartVitals, watchVitals } from "./vitals";

const TOUCH_EVERY_MS = 1000;
const KEEP_ALIVE_EVERY_MS = 60_000;

/** What is watched once it may be, in this order. */
const WATCHERS: readonly (() => void)[] = [
  watchReturn,
  watchFirstVitals,
  watchErrors,
  watchPeople,
  watchActivity,
  watchClicks,
  watchRequests,
  watchLeaving,
  watchEnd,
  offerReplay,
];

let watching = false;

function start(): void {
  if (alreadyHere()) return;
  const { site, environment, release } = tag;
  Object.assign(context, { site, environment, release, referrer: referrerHost(), campaign: campaign() });
  readConsent();
  openApi(() => {
    whenConsentChanges(guard(obey));
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
    forgetSession();
  }
  if (!mayGather()) return;
  if (!watching) watch();
  // Where storage may be used from now on, the session is stored for the other tabs to share.
  touch();
  currentView();
  if (maySend()) beginSending();
  // What waited for consent waits no longer.
  if (before) schedule(true);
}

function watch(): void {
  watching = true;
  watchViews(queuedPage() || tag.page);
  // One that fails is told of like any mistake of ours, and leaves the others their work.
  for (const watcher of WATCHERS) guard(watcher)();
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

function watchFirstVitals(): void {
  watchVitals(currentView());
  whenViewEnds(() => recordVitals());
  beforeEnd(() => recordVitals(takeDeclared()));
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
