/**
 * The page's own requests, by fetch and XMLHttpRequest: how long they take and which fail.
 *
 * A page load tells of 200, and of 100 more that failed. What the page is given is what it would be
 * given without us: the same response, the same error, unhandled where nobody handles it.
 */

import { happened } from "./activity";
import { addressOf } from "./address";
import { add } from "./batch";
import { now } from "./clock";
import { beforeEnd } from "./end";
import { guard } from "./guard";
import { randomHex } from "./random";
import { tag } from "./tag";
import { tap, type After, type Before } from "./tap";
import { liveView } from "./view";

const TOLD_MAX = 200;
const FAILED_TOLD_MAX = 100;
/** By then the browser has noted how a request went, if its body has come. */
const NOTED_AFTER_MS = 300;
const HEADER = "traceparent";

/** What is to be called when a request has ended; 0: no answer came; negative: nobody can know. */
type Ended = (status: number, aborted?: true) => void;

/** What was opened: method, address, whether the page set the header, what ends it. */
type Opened = [method: string, url: string, traced?: boolean, ended?: Ended];

const untold = new Set<() => void>();
const opened = new WeakMap<object, Opened>();
let told = 0;
let failedTold = 0;

export function watchRequests(): void {
  const { prototype } = XMLHttpRequest;
  tap(window, "fetch", fetching as Before);
  tap(prototype, "open", ((xhr: XMLHttpRequest, [method, url]: [string, unknown]) => {
    // What was under way ends without a word; or it has ended, and the page heard of it before us.
    opened.get(xhr)?.[3]?.(xhr.status, xhr.readyState < 4 || undefined);
    opened.set(xhr, [method, hrefOf(url)]);
  }) as Before);
  tap(prototype, "setRequestHeader", (xhr, [name]) => {
    if (`${name}`.toLowerCase() === HEADER) opened.get(xhr)![2] = true;
  });
  tap(prototype, "send", sending as Before);
  beforeEnd(() => untold.forEach((tell) => tell()));
}

function sending(xhr: XMLHttpRequest): After | void {
  const one = opened.get(xhr);
  // A second call fails, and is none.
  if (!one || one[3]) return;
  const [method, url, traced] = one;
  if (!traced && isTraced(url)) xhr.setRequestHeader(HEADER, traceparent());
  const ended = (one[3] = begin("xhr", method, url));
  xhr.addEventListener("abort", () => ended(0, true));
  xhr.addEventListener("loadend", () => ended(xhr.status));
  return (_, threw) => threw && ended(0);
}

function fetching(_: unknown, args: [RequestInfo | URL, RequestInit?]): After {
  const [input, init] = args;
  const request = (input instanceof Request ? input : {}) as Partial<Request>;
  const url = hrefOf(request.url ?? input);
  if (isTraced(url) && !(init instanceof Request)) {
    const headers = new Headers(init?.headers || request.headers);
    if (!headers.has(HEADER)) {
      headers.set(HEADER, traceparent());
      args[1] = { ...init, headers };
    }
  }
  const ended = begin(
    "fetch",
    init?.method || request.method || "GET",
    url,
    init?.keepalive || request.keepalive,
  );
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
        ended(0, (init?.signal || request.signal)?.aborted || undefined);
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

function begin(initiator: string, method: string, url: string, keepalive?: boolean): Ended {
  // What may outlive the page is a report on it, not something that comes of a click.
  const over = keepalive ? undefined : happened(1);
  const start = performance.now();
  const at = now();
  const address = addressOf(url);
  const view = address[0] === "/" ? liveView(at) : undefined;
  let tell: (() => void) | undefined;
  return guard((status, aborted) => {
    if (tell) return;
    const measured = performance.now() - start;
    tell = guard(() => {
      if (!untold.delete(tell!)) return;
      const noted = (performance.getEntriesByName(url, "resource") as PerformanceResourceTiming[]).find(
        (entry) => entry.startTime > start - 1,
      );
      const wait = noted && noted.responseStart - noted.startTime;
      add(view!, {
        kind: "request",
        at,
        method: method.slice(0, 10).toUpperCase(),
        url: address,
        status,
        duration: Math.round(noted?.duration || measured),
        wait: wait! > 0 ? Math.round(wait!) : undefined,
        initiator,
        aborted,
      });
    });
    over?.();
    const failed = !aborted && (!status || status > 399);
    if (!view || status < 0 || !(told < TOLD_MAX ? ++told : failed && failedTold++ < FAILED_TOLD_MAX)) return;
    untold.add(tell);
    setTimeout(tell, NOTED_AFTER_MS);
  });
}

/** The whole address; "" where it is none, which the browser will tell the page. */
function hrefOf(url: unknown): string {
  try {
    return new URL(url as string, document.baseURI).href;
  } catch {
    return "";
  }
}

function isTraced(url: string): boolean {
  const origins = tag.traceOrigins;
  return !!origins && !!url && origins.split(/[\s,]+/).includes(new URL(url).origin);
}

/** https://www.w3.org/TR/trace-context/: a trace of its own for each request, and recorded. */
function traceparent(): string {
  return `00-${randomHex(32)}-${randomHex(16)}-01`;
}
