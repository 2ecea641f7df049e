/**
 * Page views: of documents, of single-page applications, of pages that come back from the cache.
 *
 * Paths are compared, not calls counted: routers call pushState and replaceState twice for one
 * navigation (https://github.com/vuejs/router/issues/1416), and to sort a table or open a dialogue.
 */

import { add, era, settled, waits, type View } from "./batch";
import { moment, now } from "./clock";
import { isText } from "./guard";
import { tellLatest } from "./latest";
import { listen, navigationOf } from "./listen";
import { navigationEntry } from "./observe";
import { peek, renew, touch } from "./session";
import { tap } from "./tap";
import { pathOf, template } from "./template";

const NAME_LENGTH_MAX = 200;

let here: View | undefined;
let first: View;
let beginFirst: () => View;
let path: string;
/** The name that the site itself gave the page of this view, if it did. */
let named: string | undefined;
let number = 0;
/** What is called whenever a view gives way to the next. */
export const onViewEnd: (() => void)[] = [];

/** Follows the views of this document, of which the first is named by the site, or else after its path. */
export function watchViews(name?: string): void {
  path = comparable();
  const page = pageOf(name);
  // The view began with the navigation; for a prerendered page, when somebody came to see it.
  const entry = navigationEntry();
  const activated = entry?.activationStart;
  const via = activated ? "prerender" : entry?.type?.replace("navigate", "load");
  beginFirst = () => begin(moment(activated || 0), name, via, page);
  // The Navigation API tells of all navigations within the document, whoever makes them, and leaves the
  // page's functions alone. Elsewhere (Safari before 26, Firefox before 147) history is wrapped.
  if (navigationOf()) listen("currententrychange", follow, navigationOf());
  else for (const name of ["pushState", "replaceState"]) tap(history, name, () => follow);
  listen("popstate hashchange", follow);
}

/**
 * The first view of this document, begun when it is first asked for: a session may have to be read from
 * storage that browsers take their time to open, which is no part of our script's first task.
 */
export function firstView(): View {
  // While it begins, others may ask already.
  if (!here) first = beginFirst();
  return first;
}

/** The view that what happens now belongs to. A renewed session begins with a view of its own. */
export function currentView(at = now()): View {
  firstView();
  const session = renew(at);
  if (here!.session !== session) {
    // Tabs that opened at one moment settle on one; and who had not agreed yet had one to throw away.
    if (waits(here!)) here!.session = session;
    else begin(at, named);
  }
  return here!;
}

/** The same for what must not bring an ended session back; undefined where it has ended. */
export function liveView(at = now()): View | undefined {
  return !here || peek(at) != null ? currentView(at) : undefined;
}

/** Begins a view of the current page, again: it came back from the back/forward cache. */
export function viewAgain(at: number): View {
  return begin(at, named, "restored");
}

/**
 * The site names the page it is on. A view that still waits to be sent takes the name; one that was
 * sent, or has another name already, is followed by a new view (the steps of a form at one address).
 */
export function namePage(name: unknown): void {
  if (!isText(name, "page")) return;
  const page = name.slice(0, NAME_LENGTH_MAX);
  const view = currentView();
  if (view.page === page) return;
  if (named || !waits(view)) begin(now(), page, "named");
  else named = view.page = page;
}

/** `via` tells how somebody came; nothing is told of a view that a new session had to begin with. */
function begin(at: number, name?: string, via?: string, page = pageOf(name)): View {
  named = name;
  // Somebody came: that is told at once, lest a visit of a few seconds be lost.
  const arrival = peek(at) == null;
  here = { session: touch(at), number: ++number, page, era_: era };
  if (!arrival && number === 1) settled();
  tellLatest(add);
  onViewEnd.forEach((told) => told());
  add(here, "view", at, { via }, arrival);
  return here;
}

function pageOf(name?: string): string {
  return (name || template(pathOf(location))).slice(0, NAME_LENGTH_MAX);
}

/** Begins a view if the path is another than it was. */
function follow(): void {
  const current = comparable();
  if (current === path) return;
  firstView();
  path = current;
  begin(now(), "", "route");
}

/** Routers put a slash at the end of a path, or take it away, without going anywhere. */
function comparable(): string {
  return pathOf(location).replace(/\/(?=[#;]|$)/g, "");
}
