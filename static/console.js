// The console's only script: theme, times in the reader's zone, live pages, copying, the latency chart.
// Every page reads without it.
'use strict';
(() => {
  const root = document.documentElement;
  try {
    const theme = localStorage.getItem('vigie-theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  } catch { /* storage is forbidden: the system's choice stands */ }

  const language = root.lang || 'en';
  const zone = new Date().toLocaleTimeString(language, { timeZoneName: 'short' }).split(' ').pop();
  const form = (options) => new Intl.DateTimeFormat('en-GB', options);
  const shown = {
    day: form({ day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }),
    minute: form({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }),
    second: form({ day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' }),
    clock: form({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
  };

  const distance = (at) => {
    const seconds = Math.max(0, Math.round((Date.now() - at) / 1000));
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} days ago`;
  };

  function localTimes(times) {
    for (const time of times) {
      const at = new Date(time.dateTime);
      const kind = time.dataset.shown;
      const text = kind === 'ago' ? distance(at) : (shown[kind] || shown.minute).format(at);
      if (time.textContent !== text) time.textContent = text;
      if (kind !== 'day') time.title = `${shown.second.format(at)} ${zone}`;
    }
  }

  function theme() {
    const button = document.getElementById('theme');
    if (!button) return;
    button.hidden = false;
    button.addEventListener('click', () => {
      const dark = getComputedStyle(root).colorScheme === 'dark' ||
        (!root.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);
      root.dataset.theme = dark ? 'light' : 'dark';
      try { localStorage.setItem('vigie-theme', root.dataset.theme); } catch { /* for this page only */ }
      drawFigures();
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawFigures);
  }

  function picks() {
    const close = (except) => {
      for (const pick of document.querySelectorAll('.pick[open]')) if (pick !== except) pick.open = false;
    };
    document.addEventListener('click', (event) => close(event.target.closest('.pick')));
    document.addEventListener('keydown', (event) => {
      const open = document.querySelector('.pick[open]');
      if (event.key !== 'Escape' || !open) return;
      open.open = false;
      open.querySelector('summary').focus();
    });
  }

  function copies(part) {
    if (!navigator.clipboard) return;
    for (const button of part.querySelectorAll('.copy')) {
      button.hidden = false;
      button.onclick = async () => {
        const text = button.querySelector('span');
        try {
          await navigator.clipboard.writeText(button.parentElement.querySelector('code').textContent);
          text.textContent = 'Copied';
        } catch {
          text.textContent = 'Select and copy';
        }
        setTimeout(() => { text.textContent = 'Copy'; }, 2000);
      };
    }
  }

  // Live pages: the same page is fetched again, and the regions that changed are put in place.
  function live() {
    const seconds = Number(document.body.dataset.liveS);
    const sign = document.getElementById('live');
    if (!seconds || !sign) return;
    const text = document.getElementById('live-text');
    const regions = (page) => new Map([...page.querySelectorAll('[data-live]')].map((e) => [e.dataset.live, e]));
    const served = new Map([...regions(document)].map(([name, region]) => [name, region.outerHTML]));
    let failures = 0;
    let timer = 0;

    function place(page) {
      const here = regions(document);
      for (const [name, region] of regions(page)) {
        const old = here.get(name);
        const html = region.outerHTML;
        if (!old || served.get(name) === html) continue;
        served.set(name, html);
        const focused = old.contains(document.activeElement) && document.activeElement;
        const focus = focused && [...old.querySelectorAll('a, button, summary, [tabindex]')].indexOf(focused);
        const scrolls = [...old.querySelectorAll('.scroll')].map((e) => e.scrollLeft);
        const fresh = document.importNode(region, true);
        old.replaceWith(fresh);
        fresh.querySelectorAll('.scroll').forEach((e, i) => { e.scrollLeft = scrolls[i] || 0; });
        if (focused && focus >= 0) fresh.querySelectorAll('a, button, summary, [tabindex]')[focus]?.focus({ preventScroll: true });
        localTimes(fresh.querySelectorAll('time[datetime]'));
      }
    }

    async function look() {
      try {
        const answer = await fetch(location.href, { headers: { Accept: 'text/html' }, signal: AbortSignal.timeout(15000) });
        if (answer.status === 401) { location.reload(); return; }
        if (!answer.ok) throw new Error(String(answer.status));
        place(new DOMParser().parseFromString(await answer.text(), 'text/html'));
        failures = 0;
        sign.classList.remove('stale');
        text.textContent = 'Live';
        refreshFigures();
      } catch {
        failures += 1;
        if (failures > 1) {
          sign.classList.add('stale');
          text.textContent = 'Not live: no answer';
        }
      }
      again();
    }

    function again() {
      clearTimeout(timer);
      if (!document.hidden) timer = setTimeout(look, seconds * 1000 * Math.min(8, 2 ** Math.max(0, failures - 1)));
    }

    sign.hidden = false;
    document.addEventListener('visibilitychange', () => (document.hidden ? clearTimeout(timer) : look()));
    again();
  }

  // The first start: waits for the first beacon, then says so where the reader is looking.
  function arrivals() {
    const waiting = document.querySelector('[data-arrivals]:not(.arrived)');
    if (!waiting) return;
    const text = waiting.querySelector('[data-arrivals-text]');
    text.textContent = 'Waiting for the first beacon…';
    const look = async () => {
      try {
        const answer = document.hidden ? null : await fetch(waiting.dataset.arrivals, { signal: AbortSignal.timeout(10000) });
        if (answer?.ok && (await answer.json()).arrived) {
          waiting.classList.add('arrived');
          waiting.querySelector('.pulse')?.remove();
          waiting.querySelector('[data-arrivals-done]').hidden = false;
          text.textContent = 'The first beacon has arrived. Home now shows what your visitors live.';
          return;
        }
      } catch { /* the console restarts: ask again */ }
      setTimeout(look, 1500);
    };
    look();
  }

  // The latency chart. The figure has no colours but names of the page's own, so it follows the theme.
  const figures = new Map();

  function colour(name) {
    const probe = document.createElement('i');
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  }

  function coloured(figure) {
    const copy = structuredClone(figure);
    const walk = (part) => {
      for (const [key, value] of Object.entries(part)) {
        if (typeof value === 'string' && value.startsWith('var:')) part[key] = colour(value.slice(4));
        else if (value && typeof value === 'object') walk(value);
      }
    };
    walk(copy);
    return copy;
  }

  function drawFigures() {
    if (!window.Plotly) return;
    for (const [place, figure] of figures) {
      const { data, layout } = coloured(figure);
      window.Plotly.react(place, data, layout, { responsive: true, displayModeBar: false });
    }
  }

  async function loadFigure(place) {
    const answer = await fetch(place.dataset.figure, { signal: AbortSignal.timeout(15000) });
    if (!answer.ok) throw new Error(String(answer.status));
    figures.set(place, await answer.json());
  }

  let figuresAt = 0;
  async function refreshFigures() {
    const places = [...figures.keys()];
    if (!places.length || Date.now() - figuresAt < 10000) return;
    figuresAt = Date.now();
    try {
      await Promise.all(places.map(loadFigure));
      drawFigures();
    } catch { /* the chart stands as it was; the page says whether it is live */ }
  }

  async function firstFigures() {
    for (const place of document.querySelectorAll('[data-figure]')) {
      try {
        await loadFigure(place);
        place.replaceChildren();
        place.setAttribute('role', 'img');
        place.setAttribute('aria-label', place.dataset.label);
        figuresAt = Date.now();
      } catch {
        place.textContent = 'The chart could not be loaded; the figures are in the table below.';
      }
    }
    drawFigures();
  }

  // A line of a session's timeline shows its moment in the recording beside it.
  function timeline() {
    const player = document.getElementById('player');
    const list = document.getElementById('happenings');
    if (!player || !list) return;
    for (const line of list.querySelectorAll('[data-at-ms]')) {
      const at = line.querySelector('.at');
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'at';
      button.textContent = at.textContent;
      button.setAttribute('aria-label', `Show ${at.textContent} in the recording`);
      button.addEventListener('click', () => {
        list.querySelector('[aria-current]')?.removeAttribute('aria-current');
        line.setAttribute('aria-current', 'true');
        player.contentWindow.postMessage({ seek_ms: Number(line.dataset.atMs) }, location.origin);
      });
      at.replaceWith(button);
    }
    // A link to one line of it shows that line's moment too, once the player is there.
    const aimed = /^#e\d+$/.test(location.hash) && document.querySelector(`${location.hash} button.at`);
    if (aimed) player.addEventListener('load', () => aimed.click(), { once: true });
  }

  document.addEventListener('DOMContentLoaded', () => {
    live(); // remembers the page as it was served, so before anything changes it
    localTimes(document.querySelectorAll('time[datetime]'));
    setInterval(() => localTimes(document.querySelectorAll('time[data-shown=ago]')), 1000);
    theme();
    picks();
    copies(document);
    timeline();
    arrivals();
    firstFigures();
  });
})();
