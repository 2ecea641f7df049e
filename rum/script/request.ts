/**
 * The page's own requests, by fetch and XMLHttpRequest: how long they take and which fail.
 *
 * A page load tells of 200, and of 100 more that failed. What the page is given is what it would be
 * given without us: the same response, the same error, unhandled where nobody handles it.
 */

import { happened } from "./activity";
import { addressOf, urlOf } from "./address";
import { add } from "./batch";
import { now } from "./clock";
import { once } from "./end";
import { guard } from "./guard";
import { listen } from "./listen";
import { randomHex } from "./random";
import { listed, tag } from "./tag";
import { tap, type After, type Before } from "./tap";
import { liveView } from "./view";

const TOLD_MAX = 200;
/** Failures go on to be told until this many are. */
const FAILED_TOLD_MAX = 300;
/** By then the browser has noted how a request went, if its body has come. */
const NOTED_AFTER_MS = 300;
const HEADER = "traceparent";

/** What is to be called when a request has ended; 0: no answer came; negative: nobody can know. */
type Ended = (status: number, aborted?: boolean) => void;

/** What was opened: method, address, whether the page set the header, what ends it. */
type Opened = [method: string, url: URL | undefined, traced?: boolean, ended?: Ended];

const opened = new WeakMap<object, Opened>();
let told = 0;

export function watchRequests(): void {
  const { prototype } = XMLHttpRequest;
  tap(window, "fetch", fetching as Before);
  tap(prototype, "open", ((xhr: XMLHttpRequest, [method, url]: [string, unknown]) => {
    // What was under way ends without a word; or it has ended, and the page heard of it before us.
    opened.get(xhr)?.[3]?.(xhr.status, xhr.readyState < 4);
    opened.set(xhr, [method, urlOf(url)]);
  }) as Before);
  tap(prototype, "setRequestHeader", (xhr, [name]) => {
    if (/^traceparent$/i.test(name as string)) opened.get(xhr)![2] = true;
  });
  tap(prototype, "send", sending as Before);
}

function sending(xhr: XMLHttpRequest): After | void {
  const one = opened.get(xhr);
  // A second call fails, and is none.
  if (!one || one[3]) return;
  const [method, url, traced] = one;
  if (!traced && isTraced(url)) xhr.setRequestHeader(HEADER, traceparent());
  const ended = (one[3] = begin("xhr", method, url));
  listen("abort loadend", (event) => ended(xhr.status, event.type === "abort"), xhr);
  return (_, threw) => threw && ended(0);
}

function fetching(_: unknown, args: [RequestInfo | URL, RequestInit?]): After {
  const [input, init] = args;
  // Texts and URLs have nothing of these names.
  const request = input as Partial<Request> | undefined;
  const url = urlOf(request?.url ?? input);
  const option = <Name extends keyof Request & keyof RequestInit>(name: Name) => init?.[name] || request?.[name];
  // A Request in the place of the options has its own in its prototype, where no copy finds them.
  if (isTraced(url) && !(init as Partial<Request> | undefined)?.url) {
    const headers = new Headers(option("headers"));
    if (!headers.has(HEADER)) {
      headers.set(HEADER, traceparent());
      args[1] = { ...init, headers };
    }
  }
  const ended = begin("fetch", (option("method") as string) || "GET", url, !!option("keepalive"));
  return (result) => {
    const promise = result as Promise<Response> | undefined;
    if (!promise?.then) return ended(-1);
    const followed = promise.then(
      (response) => {
        // Of another origin's answer to "no-cors", nobody may know.
        ended(response.status || -1);
        return response;
      },
      (error) => {
        ended(0, (option("signal") as AbortSignal | null)?.aborted);
        throw error;
      },
    );
    // Who listens to a promise takes its error for handled, so the page gets the one that follows; but
    // a promise of another's making stays itself.
    if (promise.constructor === Promise && !Reflect.ownKeys(promise)[0]) return followed;
    followed.catch(() => {});
    return promise;
  };
}

function begin(initiator: string, method: string, asked: URL | undefined, keepalive?: boolean): Ended {
  const url = asked?.href || "";
  // What may outlive the page is a report on it, not something that comes of a click.
  const over = !keepalive && happened(1);
  const start = performance.now();
  const at = now();
  const address = addressOf(url);
  const view = address[0] === "/" && liveView(at);
  let measured = -1;
  return guard((status, aborted) => {
    if (measured >= 0) return;
    measured = performance.now() - start;
    if (over) over();
    const failed = !aborted && (!status || status > 399);
    if (!view || status < 0 || told >= (failed ? FAILED_TOLD_MAX : TOLD_MAX)) return;
    told++;
    const tell = once(() => {
      const noted = (performance.getEntriesByName(url, "resource") as PerformanceResourceTiming[]).find(
        (entry) => entry.startTime > start - 1,
      );
      const wait = noted && noted.responseStart - noted.startTime;
      add(view, "request", at, {
        method: method.toUpperCase(),
        url: address,
        status,
        duration: noted?.duration || measured,
        wait: wait! > 0 && wait,
        initiator,
        aborted,
      });
    });
    setTimeout(tell, NOTED_AFTER_MS);
  });
}

function isTraced(url: URL | undefined): boolean {
  return listed(tag.traceOrigins).includes(url?.origin as string);
}

/** https://www.w3.org/TR/trace-context/: a trace of its own for each request, and recorded. */
function traceparent(): string {
  return `00-${randomHex(4)}-${randomHex(2)}-01`;
}
