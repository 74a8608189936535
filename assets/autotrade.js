/* Trading the cues with simulated money: in the one visible tab of this browser that holds the
   lock. The server judges the cue again before anything is traded (callbacks/cue_orders.py). */
(function () {
  "use strict";
  const { pulse } = window;
  const LOCK = "market-pulse-auto";
  let release = null; /* lets go of the lock that this tab holds */
  let waiting = null; /* gives up waiting for it */
  const early = new Map(); /* side -> its cue that fired in the moment before the lock was given */
  const MOMENT_MS = 2000;

  const wished = () => pulse.prefs.get("auto");
  /* the address changes before the page does */
  const here = () => location.pathname === "/" && document.querySelector("[data-wish=auto]") !== null;
  const able = () => Boolean(navigator.locks);
  const due = () => able() && wished() && here() && !document.hidden && !pulse.paused();

  function state() {
    if (!able()) return "not in this browser: it has no locks between tabs, or the page is not served securely";
    if (!wished()) return "off, simulated";
    if (document.hidden) return "on, paused while hidden";
    if (pulse.paused()) return "on, paused with the page";
    return release ? "on, simulated" : "on in another tab";
  }

  function show() {
    for (const button of document.querySelectorAll("[data-wish=auto]")) {
      button.setAttribute("aria-checked", String(Boolean(able() && wished())));
      button.disabled = !able();
    }
    for (const place of document.querySelectorAll("[data-slot=auto-state]")) pulse.write(place, state());
  }

  function hold() {
    if (release || waiting) return;
    waiting = new AbortController();
    navigator.locks.request(LOCK, { signal: waiting.signal }, () => new Promise((resolve) => {
      waiting = null;
      release = resolve;
      show();
      replay();
    })).catch((error) => { if (error.name !== "AbortError") throw error; });
  }

  function letGo() {
    if (waiting) waiting.abort();
    if (release) release();
    waiting = release = null;
  }

  function follow() {
    if (due()) hold();
    else letGo();
    show();
  }

  /* the coin, market and provider that the cue is about are those held */
  function sellable(held) {
    const { tick } = pulse.seen;
    const ticker = document.querySelector("[data-ticker]").dataset.ticker;
    return held && held.ticker === ticker && (!held.provider || held.provider === tick.provider);
  }

  /* One candle is one firing: a second tab, or a page that was reloaded, must not trade it again. */
  function traded({ side, candle }) {
    const log = pulse.keeping.read("trades");
    const { market } = pulse.seen.tick;
    return Boolean(log) && log.list.some((trade) => trade.by === "cue" && trade.side === side &&
      trade.market === market && trade.time >= candle);
  }

  function trade(cue) {
    if (!due() || !pulse.seen.tick || traded(cue)) return;
    const { held, ...seen } = pulse.orders.outlook();
    if (cue.side === "buy" ? held : !sellable(held)) return;
    const order = { ...seen, kind: `auto-${cue.side}`, rule: pulse.prefs.get("cue") };
    pulse.orders.place("live", { ...order, amount: pulse.prefs.get("amount") });
  }

  function onCue({ detail }) {
    if (release) trade(detail);
    if (release || !due()) return;
    early.delete(detail.side); // the newest stand last
    early.set(detail.side, { cue: detail, at: Date.now() });
  }

  /* in the order in which they fired */
  function replay() {
    const fired = [...early.values()];
    early.clear();
    for (const { cue, at } of fired) if (Date.now() - at < MOMENT_MS) trade(cue);
  }

  document.addEventListener("pulse:cue", onCue);
  document.addEventListener("pulse:navigate", follow);
  document.addEventListener("visibilitychange", follow);
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-wish=auto]")) pulse.prefs.set({ auto: !wished() });
  });
  /* the scripts that this builds on are read after it */
  document.addEventListener("DOMContentLoaded", () => pulse.prefs.onChange(follow));
  pulse.onTick(follow);
  pulse.addSlots({
    "auto-state": () => follow(),
  });
})();
