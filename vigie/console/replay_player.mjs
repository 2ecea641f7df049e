// Plays a recording from the data in its own page, without any request. The recorded page stands in
// rrweb's iframe, whose sandbox lets no script run.
import Player from "rrweb-player";

const CONTROLS_PX = 80;
const data = JSON.parse(document.getElementById("recording").textContent);
const stage = document.getElementById("stage");
const note = document.getElementById("note");
const list = document.getElementById("parts");
let player = null;
let shown = -1;

/** A load's events, sorted: browsers send them in order, but not always one after the other. */
async function eventsOf(part) {
  const events = [];
  for (const chunk of part.chunks) {
    const packed = Uint8Array.from(atob(chunk), (letter) => letter.charCodeAt(0));
    const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    events.push(...parsed(await new Response(plain).text()));
  }
  return events.filter((each) => each && Number.isFinite(each.timestamp)).sort((a, b) => a.timestamp - b.timestamp);
}

/** An array of events, or one a line. */
function parsed(text) {
  if (text.trimStart().startsWith("[")) return JSON.parse(text);
  return text.split("\n").flatMap((line) => (line.trim() ? [JSON.parse(line)] : []));
}

async function show(number, at) {
  const part = data.parts[number];
  if (number !== shown || !player) {
    shown = number;
    for (const [index, button] of [...list.children].entries()) button.setAttribute("aria-pressed", String(index === number));
    let events = [];
    try {
      events = await eventsOf(part);
    } catch {
      events = [];
    }
    if (shown !== number) return;
    player?.getReplayer().destroy();
    player = null;
    stage.replaceChildren();
    // Two events at least, one of them a whole page (type 2), or rrweb has nothing to show.
    const playable = events.length > 1 && events.some((each) => each.type === 2);
    note.textContent = playable ? part.note : "This part cannot be played: the piece with its page is missing.";
    if (!playable) return;
    player = new Player({
      target: stage,
      props: {
        events,
        width: stage.clientWidth,
        height: Math.max(160, innerHeight - stage.offsetTop - CONTROLS_PX - 8),
        maxScale: 1,
        autoPlay: false,
        skipInactive: true,
        mouseTail: false,
        showWarning: false,
        UNSAFE_replayCanvas: false,
      },
    });
    player.addEventListener("finish", () => {
      if (number + 1 < data.parts.length) list.children[number + 1]?.focus();
    });
  }
  // A page's time is the browser's clock; `at` is ours, which was corrected by skew_ms.
  const first = player.getReplayer().getMetaData().startTime;
  player.goto(at === undefined ? 0 : Math.max(0, at - part.skew_ms - first), false);
}

function seek(at) {
  const within = data.parts.findIndex((part) => at >= part.start_ms && at <= part.end_ms);
  const next = data.parts.findIndex((part) => part.start_ms > at);
  const number = within >= 0 ? within : next >= 0 ? next : data.parts.length - 1;
  void show(number, at);
}

data.parts.forEach((part, number) => {
  const button = document.createElement("button");
  button.type = "button";
  const started = new Date(part.start_ms);
  const seconds = Math.max(1, Math.round((part.end_ms - part.start_ms) / 1000));
  button.textContent = `${started.toLocaleTimeString()}, ${seconds} s`;
  button.addEventListener("click", () => void show(number));
  list.append(button);
});
list.hidden = data.parts.length < 2;
addEventListener("message", (message) => {
  if (message.source === parent && message.origin === location.origin && Number.isFinite(message.data?.seek_ms)) {
    seek(message.data.seek_ms);
  }
});
if (data.parts.length) void show(0);
