/* Draws a tick: every [data-slot] of the page is written from the last tick received.
   A slot belongs to this file; React never writes inside one. */
(function () {
  "use strict";
  const pulse = (window.pulse = window.pulse || {});
  const f = () => pulse.format;
  const seen = { tick: null, holdings: null, page: null, key: null, before: null, at: 0 };
  pulse.seen = seen;

  const page = () => document.querySelector(".page-root");
  const ago = (ms) => f().duration((seen.tick.now - ms) / 1000) + " ago";
  const held = () => (seen.holdings || {})[seen.tick.market] || null;
  const worth = () => {
    const hold = seen.tick.hold, position = held();
    return hold && position && hold[3] === position.bought_at ? hold : null;
  };

  function write(element, text, kind, title) {
    if (element.textContent !== text) element.textContent = text;
    if (kind !== undefined) {
      for (const name of ["up", "down"]) element.classList.toggle(name, name === kind);
    }
    if (title !== undefined && element.title !== title) element.title = title;
  }

  const writeSigned = (element, text) => write(element, text, f().direction(text));

  function writeTime(element, ms, style) {
    write(element, ms == null ? "" : f().local(ms, style), undefined, ms == null ? "" : f().utc(ms));
  }

  function writePrice(element, tick) {
    const text = tick.price == null ? "" : f().number(tick.price, tick.dp);
    if (element.dataset.text === text) return;
    const [whole, part] = text.split(".");
    const small = document.createElement("small");
    small.textContent = part ? "." + part : "";
    element.replaceChildren(whole, small);
    element.dataset.text = text;
  }

  function writeChange(element, tick) {
    const known = seen.before != null && tick.price != null;
    const difference = known ? tick.price - seen.before : null;
    const text = difference == null ? "–" : f().arrow(f().signed(difference, tick.dp));
    writeSigned(element, text);
  }

  function writeRange(element, tick) {
    const share = tick.high > tick.low ? (tick.price - tick.low) / (tick.high - tick.low) : 0.5;
    element.style.setProperty("--p", `${(100 * share).toFixed(1)}%`);
  }

  function writeDelta(element, tick, horizon) {
    const delta = (tick.delta || {})[horizon];
    writeSigned(element, delta == null ? "" : f().arrow(f().signed(delta, tick.dp)));
  }

  function writeWeight(element, tick) {
    const [used, limit] = tick.weight || [null, null];
    const of = limit == null ? "" : ` of ${f().number(limit, 0)} a minute`;
    write(element, used == null ? "not counted" : f().number(used, 0) + of);
  }

  const STAGES = {
    waiting: "Waiting for the engine", fetching: "Fetching candles",
    training: "Training", failed: "Failed",
  };
  const HEADS = {
    refused: "Not served", silent: "Engine not answering", offline: "Server not answering",
    failed: "No forecast", waiting: "Starting",
  };

  function stageText(tick) {
    if (HEADS[tick.state]) return HEADS[tick.state];
    return STAGES[(tick.progress || ["waiting"])[0]] || "Getting ready";
  }

  function stepsText(tick) {
    const [, done, total, unit] = tick.progress || ["", 0, 0, ""];
    return total ? `${f().number(done, 0)} of ${f().number(total, 0)} ${unit}` : "";
  }

  function writeBar(element, tick) {
    const [, done, total] = tick.progress || ["", 0, 0];
    element.parentElement.style.visibility = total ? "visible" : "hidden";
    element.style.width = total ? `${(100 * done / total).toFixed(1)}%` : "0";
  }

  function trainingText(tick) {
    if (!tick.progress || tick.v == null) return "";
    return `${stageText(tick)} ${stepsText(tick)}`.trim();
  }

  const MARKETS = { live: "LIVE", simulated: "SIMULATED" };
  const PROVIDERS = { simulated: "SIMULATED" };
  const capital = (word) => word ? word[0].toUpperCase() + word.slice(1) : "";

  function writeMarket(element, tick) {
    write(element, MARKETS[tick.market] || "…");
    element.dataset.market = tick.market || "";
  }

  function profitTitle() {
    const hold = worth();
    if (!hold) return "Profit";
    return `Profit since ${f().local(hold[3], "date")}: ${f().signed(hold[1])} USD`;
  }

  const units = (position) => f().number(position.units, 6) + " " + position.ticker.replace("-USD", "");
  const money = (value) => f().number(value) + " USD";

  /* name of a slot -> how it is written; with no position or no quote the slot is a dash */
  const SLOTS = {
    price: writePrice,
    change: writeChange,
    quoted: (e, t) => writeTime(e, t.quote, "seconds"),
    day: (e, t) => writeSigned(e, t.day == null ? "" : f().arrow(f().percent(t.day))),
    low: (e, t) => write(e, t.low == null ? "" : f().number(t.low, t.dp === 2 ? 0 : t.dp)),
    high: (e, t) => write(e, t.high == null ? "" : f().number(t.high, t.dp === 2 ? 0 : t.dp)),
    range: (e, t) => t.low != null && writeRange(e, t),
    tag: (e, t) => write(e, t.price == null ? "" : f().number(t.price, t.dp === 2 ? 1 : t.dp)),
    "delta-minute": (e, t) => writeDelta(e, t, "minute"),
    "delta-long": (e, t) => writeDelta(e, t, "long"),
    market: writeMarket,
    provider: (e, t) => write(e, PROVIDERS[t.provider] || capital(t.provider) || "Engine"),
    note: (e, t) => write(e, t.note || "", undefined, t.note || ""),
    candle: (e, t) => write(e, t.candle == null ? "none" :
      `${f().local(t.candle)}, closed ${ago(t.candle)}`, undefined, t.candle == null ? "" : f().utc(t.candle)),
    issued: (e, t) => writeTime(e, t.candle, "seconds"),
    models: (e, t) => write(e, t.models == null ? "none yet" :
      `${f().duration((t.now - t.models) / 1000)} old`),
    weight: writeWeight,
    beat: (e, t) => write(e, t.beat == null ? "none" : t.beat < 10 ?
      `${f().number(t.beat, 1)} s ago` : `${f().duration(t.beat)} ago`),
    refresh: (e) => write(e, pulse.refreshText()),
    stage: (e, t) => write(e, stageText(t)),
    steps: (e, t) => write(e, stepsText(t)),
    bar: writeBar,
    why: (e, t) => write(e, t.note || ""),
    "training-now": (e, t) => write(e, trainingText(t)),
    "retrain-summary": (e, t) => write(e, trainingText(t) || (t.models == null ? "" :
      `${f().duration((t.now - t.models) / 1000)} old`)),
    profit: (e) => { const h = worth(); writeSigned(e, h ? f().signed(h[1]) + " USD" : "–"); },
    "profit-share": (e) => {
      const h = worth();
      writeSigned(e, h ? f().arrow(f().percent(h[2])) : "");
    },
    value: (e) => { const h = worth(); write(e, h ? money(h[0]) : "–"); },
    invested: (e) => { const p = held(); write(e, p ? money(p.invested) : "–"); },
    units: (e) => { const p = held(); write(e, p ? units(p) : "–"); },
    "bought-at": (e) => { const p = held(); writeTime(e, p && p.bought_at, "date"); },
    "bought-price": (e) => {
      const p = held();
      write(e, p ? f().number(p.price, p.price >= 10 ? 2 : 6) : "–");
    },
    "sell-text": (e) => {
      const h = worth();
      write(e, h ? `Sell now for ${money(h[0])}` : "Sell now");
    },
    "profit-title": (e) => write(e, profitTitle()),
    "profit-subtitle": (e) => {
      const p = held();
      write(e, p ? `${units(p)} marked to the live price` : "Marked to the live price from the moment you invest");
    },
    pid: (e, t) => write(e, t.pid == null ? "–" : String(t.pid)),
    started: (e, t) => writeTime(e, t.started, "date"),
    "quote-age": (e, t) => write(e, t.quote == null ? "none" : ago(t.quote)),
    offset: (e, t) => write(e, t.offset == null ? "not measured" : `${f().signed(t.offset, 0)} ms`),
    rows: (e, t) => write(e, t.rows == null ? "–" :
      `${f().number(t.rows, 0)}, ${f().number(t.gaps, 0)} minutes missing`),
    "next-training": (e, t) => t.next == null ? write(e, "–") : writeTime(e, t.next, "date"),
  };

  /* Another forecast is asked for: the figures of the one before are not its own. */
  function forget() {
    const { now, market, provider } = seen.tick;
    Object.assign(seen, { search: location.search, before: null });
    seen.tick = { now, market, provider, state: "preparing" };
  }

  function fill() {
    if (!seen.tick) return;
    if (seen.search !== location.search) forget();
    for (const element of document.querySelectorAll("[data-slot]")) {
      const writer = SLOTS[element.dataset.slot];
      if (writer) writer(element, seen.tick);
    }
    for (const element of document.querySelectorAll("[data-held]")) {
      element.dataset.held = held() ? "yes" : "no";
    }
  }

  function tint(change) {
    const element = document.querySelector(".price");
    if (!element || !change) return;
    element.classList.remove("tint-up", "tint-down");
    void element.offsetWidth; // restarts the animation
    element.classList.add(change > 0 ? "tint-up" : "tint-down");
  }

  function show(tick, holdings) {
    const root = page();
    if (!root) return;
    const price = seen.tick && seen.tick.price;
    const key = root.dataset.page + location.search;
    seen.before = seen.key === key ? price : null;
    Object.assign(seen, { tick, holdings, key, search: location.search, at: Date.now() });
    root.dataset.state = tick.state;
    root.dataset.ready = tick.v == null ? "no" : "yes";
    fill();
    if (seen.before != null && tick.price != null) tint(tick.price - seen.before);
  }

  /* the server itself may be gone: then nothing on screen is new, and the page says so */
  setInterval(function () {
    const root = page();
    if (!root || !seen.tick || document.hidden || pulse.paused()) return;
    const silence = (Date.now() - seen.at) / 1000;
    if (silence < 2 * pulse.refreshSeconds() + 4) return;
    seen.tick = {
      ...seen.tick, state: "offline",
      note: `The server has not answered for ${f().duration(silence)}. What is shown is old.`,
    };
    root.dataset.state = "offline";
    fill();
  }, 1000);

  function writeMoments(root) {
    for (const element of root.querySelectorAll("time[datetime]")) {
      write(element, f().local(Date.parse(element.getAttribute("datetime")), element.dataset.style));
    }
  }

  const ours = "[data-slot], time[datetime]";
  const arrives = (node) => node.nodeType === 1 && node.namespaceURI.endsWith("xhtml") &&
    (node.matches(ours) || node.querySelector(ours));

  /* what React puts on the page later is written as soon as it is there */
  new MutationObserver(function (changes) {
    const fresh = changes.some((change) =>
      change.type === "attributes" || [...change.addedNodes].some(arrives));
    if (!fresh) return;
    writeMoments(document);
    fill();
  }).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["datetime"],
  });

  pulse.show = show;
  pulse.fill = fill;
})();
