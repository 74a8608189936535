/* How each [data-slot] is written from the last tick. A slot belongs to the scripts; React never
   writes inside one. What calls this, and when, is in tick.js. */
(function () {
  "use strict";
  const { pulse } = window;
  const f = () => pulse.format;
  const seen = {
    tick: null, holdings: null, page: null, key: null, before: null, at: 0, toldAt: 0,
  };
  pulse.seen = seen;

  const ago = (ms) => f().duration((seen.tick.now - ms) / 1000) + " ago";
  /* whose figures are shown: while another provider's are on their way, still the old one's */
  const source = (tick) => tick.of || tick.provider;
  /* the exchange's clock now, as far as the last tick tells */
  const clock = () => seen.tick.now + (seen.tick.frozen ? 0 : Date.now() - seen.toldAt);
  const held = () => (seen.holdings || {})[seen.tick.market] || null;
  /* time since `ms` by the reader's clock where the market's stands still */
  const age = (ms) => f().duration(((seen.tick.frozen ? Date.now() : seen.tick.now) - ms) / 1000);
  const worth = () => {
    const hold = seen.tick.hold, position = held();
    return hold && position && hold[3] === position.bought_at ? hold : null;
  };

  /* time of the price that the value is by, where that is too old to be the present one; else 0 */
  const oldPriceTime = () => (worth() || [])[4] || 0;
  const atLastPrice = () => `at the last price, ${f().local(oldPriceTime(), "seconds")}`;
  /* a price too old to sell at: the server would refuse */
  const isSellable = () => worth()[4] === undefined && seen.tick.state !== "offline";

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

  /* a forecast whose time has passed is not the present one, whatever stands beside it */
  function writeDelta(element, tick, horizon) {
    const target = Number(element.dataset.target);
    const expired = clock() >= target;
    const cell = element.closest(".cell-forecast");
    if (cell) cell.dataset.expired = expired ? "yes" : "no";
    const style = tick.frozen ? "date" : "time";
    if (expired) return write(element, `expired at ${f().local(target, style)}`, "", f().utc(target));
    const delta = (tick.delta || {})[horizon];
    const text = delta == null ? "" : f().arrow(f().signed(delta, tick.dp));
    return write(element, text, f().direction(text), "");
  }

  /* a market that stands still has no "ago": what it shows may be of another day */
  function writeCandle(element, tick) {
    if (tick.candle == null) return write(element, "none", undefined, "");
    const text = tick.frozen ? f().local(tick.candle, "date")
      : `${f().local(tick.candle)}, closed ${ago(tick.candle)}`;
    return write(element, text, undefined, f().utc(tick.candle));
  }

  function writeQuoteAge(element, tick) {
    if (tick.quote == null) return write(element, "none");
    return write(element, tick.frozen ? f().local(tick.quote, "date") : ago(tick.quote));
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

  /* a training beside the forecasts of the models before it */
  function writeTrainingBar(element, tick) {
    const [stage, done, total] = tick.progress || ["", 0, 0];
    element.parentElement.hidden = tick.v == null || stage !== "training" || !total;
    element.style.width = total ? `${(100 * done / total).toFixed(1)}%` : "0";
  }

  const MARKETS = { live: "LIVE", simulated: "SIMULATED" };
  const PROVIDERS = { simulated: "SIMULATED", cache: "OFFLINE CACHE" };

  function writeMarket(element, tick) {
    write(element, tick.frozen ? "OFFLINE" : MARKETS[tick.market] || "…");
    element.dataset.market = tick.frozen ? "offline" : tick.market || "";
  }

  function writeSince(element, tick) {
    const since = tick.since == null ? "" : `since ${f().local(tick.since)}`;
    write(element, since, undefined, since && f().utc(tick.since));
  }

  function writeChecked(element, tick) {
    if (!tick.checked) return write(element, "not yet", "", "");
    const [at, whole, rows] = tick.checked;
    const found = whole ? `first ${f().number(rows, 0)} whole` : "changed";
    write(element, `${f().local(at, "date")}, ${found}`, whole ? "" : "down", f().utc(at));
  }

  function notValued() {
    const position = held(), { provider } = seen.tick;
    if (oldPriceTime()) return `Valued ${atLastPrice()}.`;
    if (!position || worth() || !position.provider || !provider) return "";
    if (position.provider === provider) return "";
    return `Bought at ${f().provider(position.provider)}'s price; ` +
      `not valued at ${f().provider(provider)}'s.`;
  }

  /* A position of the other market is kept as it is: no price of this one is its own. */
  function elsewhere() {
    const { market } = seen.tick;
    const other = Object.keys(MARKETS).find((name) => name !== market && (seen.holdings || {})[name]);
    if (!other) return "";
    const position = seen.holdings[other];
    return `Held in the ${other} market, not valued here: ${units(position)}, bought for ` +
      `${money(position.invested)} on ${f().local(position.bought_at, "date")}.`;
  }

  function profitTitle() {
    const hold = worth();
    if (!hold) return "Profit";
    return `Profit since ${f().local(hold[3], "date")}: ${f().signed(hold[1])} USD`;
  }

  const coinOf = (position) => position.ticker.replace("-USD", "");

  /* " BTC" where another coin is on screen than is held */
  function heldCoin() {
    const position = held(), { spec } = document.querySelector(".page-root").dataset;
    return !position || position.ticker === spec.split("?")[0] ? "" : ` ${coinOf(position)}`;
  }

  const units = (position) => `${f().number(position.units, 6)} ${coinOf(position)}`;
  const money = (value) => f().number(value) + " USD";

  /* name of a slot -> how it is written; with no position or no quote the slot is a dash */
  const SLOTS = {
    price: writePrice,
    change: writeChange,
    quoted: (e, t) => writeTime(e, t.quote, t.frozen ? "date" : "seconds"),
    day: (e, t) => writeSigned(e, t.day == null ? "" : f().arrow(f().percent(t.day))),
    low: (e, t) => write(e, t.low == null ? "" : f().number(t.low, t.dp === 2 ? 0 : t.dp)),
    high: (e, t) => write(e, t.high == null ? "" : f().number(t.high, t.dp === 2 ? 0 : t.dp)),
    range: (e, t) => t.low != null && writeRange(e, t),
    tag: (e, t) => write(e, t.price == null ? "" : f().number(t.price, t.dp === 2 ? 1 : t.dp)),
    "delta-minute": (e, t) => writeDelta(e, t, "minute"),
    "delta-long": (e, t) => writeDelta(e, t, "long"),
    market: writeMarket,
    provider: (e, t) => write(e, PROVIDERS[t.provider] || f().provider(t.provider || "engine")),
    since: writeSince,
    note: (e, t) => write(e, t.note || "", undefined, t.note || ""),
    candle: writeCandle,
    issued: (e, t) => writeTime(e, t.candle, t.frozen ? "date" : "seconds"),
    models: (e, t) => write(e, t.models == null ? "none yet" : `${age(t.models)} old`),
    weight: writeWeight,
    beat: (e, t) => write(e, t.beat == null ? "none" : t.beat < 10 ?
      `${f().number(t.beat, 1)} s ago` : `${f().duration(t.beat)} ago`),
    refresh: (e) => write(e, pulse.refreshText()),
    stage: (e, t) => write(e, stageText(t)),
    steps: (e, t) => write(e, stepsText(t)),
    bar: writeBar,
    why: (e, t) => write(e, t.note || ""),
    "training-bar": writeTrainingBar,
    "training-now": (e, t) => write(e, trainingText(t)),
    "retrain-summary": (e, t) => write(e, trainingText(t) || (t.models == null ? "" :
      `${age(t.models)} old`)),
    profit: (e) => { const h = worth(); writeSigned(e, h ? f().signed(h[1]) + " USD" : "–"); },
    "profit-share": (e) => {
      const h = worth();
      writeSigned(e, h ? f().arrow(f().percent(h[2])) : "");
    },
    "not-valued": (e) => write(e, notValued()),
    elsewhere: (e) => write(e, elsewhere()),
    "no-curve": (e) => write(e, notValued()),
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
      if (h && !isSellable()) return write(e, `Cannot sell${heldCoin()} now: the price is old`);
      return write(e, h ? `Sell${heldCoin()} now for ${money(h[0])}` : `Sell${heldCoin()} now`);
    },
    "profit-title": (e) => write(e, profitTitle()),
    "profit-subtitle": (e) => {
      const p = held();
      if (!p) return write(e, "Marked to the live price from the moment you invest");
      if (oldPriceTime()) return write(e, `${units(p)} ${atLastPrice()}`);
      return write(e, worth() ? `${units(p)} marked to the live price` : units(p));
    },
    pid: (e, t) => write(e, t.pid == null ? "–" : String(t.pid)),
    started: (e, t) => writeTime(e, t.started, "date"),
    "quote-age": writeQuoteAge,
    offset: (e, t) => write(e, t.offset == null ? "not measured" : `${f().signed(t.offset, 0)} ms`),
    ledger: (e, t) => write(e, t.ledger ? f().number(t.ledger[0], 0) : "none yet"),
    "ledger-head": (e, t) => write(e, t.ledger ? `${t.ledger[1]}…` : "–"),
    outcomes: (e, t) => write(e, t.ledger ? f().number(t.ledger[2], 0) : "none yet"),
    "outcomes-head": (e, t) => write(e, t.ledger ? `${t.ledger[3]}…` : "–"),
    checked: writeChecked,
    begins: (e, t) => t.begins == null ? write(e, "–") : writeTime(e, t.begins, "date"),
    rows: (e, t) => write(e, t.rows == null ? "–" : f().number(t.rows[0], 0)),
    gaps: (e, t) => write(e, t.rows == null ? "–" :
      `${f().number(t.rows[1], 0)} missing, ${f().number(t.rows[2], 0)} filled`),
    revised: (e, t) => write(e, t.revised == null ? "–" : f().number(t.revised, 0)),
    "next-training": (e, t) => t.next == null ? write(e, "–") : writeTime(e, t.next, "date"),
  };

  pulse.addSlots(SLOTS);
  Object.assign(pulse, { write, held, worth, oldPriceTime, source });
})();
