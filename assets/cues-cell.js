/* The cue's cell: a word, a meter for each side, or why there is no cue; balloons and snow. */
(function () {
  "use strict";
  const { pulse } = window;
  const f = () => pulse.format;
  const FAR = 0.05; /* beyond this share of the price, percent say more than USD */
  const EMPTY_AT = 4; /* usual moves */
  const PRESETS = {
    reference: "Reference", "cost-aware": "Cost-aware", directional: "Directional", custom: "Custom",
  };

  /* ---- why there is none ---- */

  const NOT_CURRENT = {
    silent: "The engine does not answer: cues are off until it does.",
    offline: "The server does not answer: cues are off until it does.",
    cache: "What is on disk has no present price: cues are off.",
    stale: "The price or the last candle is too old to act on.",
    banned: "No present price: the exchange has banned this address.",
    limited: "No present price: the exchange limits requests.",
    failed: "There is no forecast to judge.",
    refused: "There is no forecast to judge.",
    preparing: "There is no forecast to judge yet.",
    waiting: "There is no forecast to judge yet.",
  };
  const SIDE_WORDS = {
    expired: "forecast expired", unscored: "error not known yet", none: "no forecast",
  };

  function whyNot(tick) {
    if (NOT_CURRENT[tick.state]) return NOT_CURRENT[tick.state];
    if (pulse.paused()) return "Paused: cues are judged again when the page goes on.";
    if (tick.cue === "stale") return NOT_CURRENT.stale;
    if (tick.cue === "none") return NOT_CURRENT.preparing;
    return pulse.cues.isOurs(tick) ? "" : "Judged with the next price.";
  }

  /* ---- figures of the forecasts, beside them on the page ---- */

  const HORIZON = { buy: "long", sell: "minute" };

  function forecastOf(side) {
    const element = document.querySelector(`[data-slot="delta-${HORIZON[side]}"]`);
    if (!element) return {};
    return Object.fromEntries(Object.entries(element.dataset).map(([k, v]) => [k, Number(v)]));
  }

  const clock = (tick) => tick.now + (tick.frozen ? 0 : Date.now() - pulse.seen.toldAt);

  /* what is held of this coin */
  function boughtOf() {
    const position = pulse.held();
    return position && position.ticker === pulse.cues.spec().split("?")[0] ? position : null;
  }

  const isElsewhere = (position, tick) =>
    Boolean(position.provider) && position.provider !== tick.provider;

  /* the price that the bar is a multiple of, and its name */
  function referenceOf(tick, side, standsIn) {
    const bought = side === "sell" && !standsIn && boughtOf();
    if (bought && !isElsewhere(bought, tick)) return [bought.price, "what was paid"];
    return pulse.cues.rule().against === "live" ? [tick.price, "the live price"]
      : [forecastOf(side).issue || tick.price, "the price at issue"];
  }

  /* ---- what is said ---- */

  function sideNow(tick, side) {
    if (whyNot(tick)) return null;
    const { target } = forecastOf(side);
    if (target && clock(tick) >= target) return { word: "expired" };
    return pulse.cues.sideOf(tick, side);
  }

  function usd(value) {
    const size = Math.abs(value);
    const digits = size >= 10 ? 0 : size >= 1 ? 1 : size > 0 ? Math.min(6, 2 - Math.floor(Math.log10(size))) : 0;
    return `${f().number(size, digits)} USD`;
  }

  function gapText(tick, side, now) {
    if (now.word) return SIDE_WORDS[now.word];
    const size = Math.abs(now.gap);
    const [reference] = referenceOf(tick, side, now.standsIn);
    const amount = size > FAR ? f().percent(size, 0).replace("+", "") : usd(now.gap * reference);
    if (now.fires) return `${amount} past the line`;
    return size > FAR ? `needs +${amount}` : `${amount} to go`;
  }

  const typicalText = (now) => f().percent(now.typical, 2).replace("+", "");

  function movesText(now) {
    if (now.word) return "";
    if (now.fires) return now.since ? `since ${f().local(now.since, "seconds")}` : "";
    if (!now.typical) return "it never moved";
    if (now.moves >= 999) return "over 999 moves";
    const moves = f().number(now.moves, now.moves >= 100 ? 0 : 1);
    return now.gap > FAR ? `${moves} moves of ${typicalText(now)}` : `${moves} usual moves`;
  }

  function sentence(side, now) {
    if (now.word) return "";
    const { minutes } = forecastOf(side);
    return minutes ? `A typical ${minutes}-minute move is ${typicalText(now)}.` : "";
  }

  const typicalMoves = (tick) => pulse.cues.SIDES.map((side) => {
    const now = sideNow(tick, side);
    return now ? sentence(side, now) : "";
  }).join(" ").trim();

  function noteText(tick) {
    const sell = sideNow(tick, "sell");
    if (!sell || !sell.standsIn) return "";
    const name = pulse.cues.rule().against === "live" ? "live price" : "price at issue";
    const bought = boughtOf();
    if (!bought) return `Nothing bought: ${name} stands in`;
    return isElsewhere(bought, tick) ? `Bought elsewhere: ${name} stands in` : ""; // the next tick knows of it
  }

  const fires = (tick, side) => { const now = sideNow(tick, side); return Boolean(now && now.fires); };

  function writeNone(element, tick) {
    const said = pulse.cues.SIDES.filter((side) => fires(tick, side));
    pulse.write(element, said.length ? "" : "No cue");
    const cell = element.closest(".cell-cue");
    cell.dataset.cue = said.join("-") || "none";
    cell.dataset.judged = whyNot(tick) ? "no" : "yes";
  }

  function writeMeter(element, tick, side) {
    const now = sideNow(tick, side);
    const known = now && !now.word;
    const share = !known ? 0 : now.fires ? 1 : Math.min(1, Math.max(0, 1 - now.moves / EMPTY_AT));
    element.style.setProperty("--p", `${(100 * share).toFixed(1)}%`);
    element.dataset.kind = !known ? "none" : now.fires ? side : now.moves <= 1 ? "near" : "far";
  }

  function writeGap(element, tick, side) {
    const now = sideNow(tick, side);
    pulse.write(element, now ? gapText(tick, side, now) : "", undefined, now ? sentence(side, now) : "");
  }

  function writeMoves(element, tick, side) {
    const now = sideNow(tick, side);
    pulse.write(element, now ? movesText(now) : "", undefined, now ? sentence(side, now) : "");
  }

  const writePreset = (element) =>
    pulse.write(element, PRESETS[pulse.cues.presetOf(pulse.cues.rule())]);

  pulse.addSlots({
    "cue-preset": writePreset,
    "cue-none": writeNone,
    "cue-buy-word": (e, t) => pulse.write(e, fires(t, "buy") ? "▲ BUY" : ""),
    "cue-sell-word": (e, t) => pulse.write(e, fires(t, "sell") ? "▼ SELL" : ""),
    "cue-buy-meter": (e, t) => writeMeter(e, t, "buy"),
    "cue-sell-meter": (e, t) => writeMeter(e, t, "sell"),
    "cue-buy-gap": (e, t) => writeGap(e, t, "buy"),
    "cue-sell-gap": (e, t) => writeGap(e, t, "sell"),
    "cue-buy-moves": (e, t) => writeMoves(e, t, "buy"),
    "cue-sell-moves": (e, t) => writeMoves(e, t, "sell"),
    "cue-typical": (e, t) => pulse.write(e, typicalMoves(t)),
    "cue-note": (e, t) => pulse.write(e, noteText(t)),
    "cue-why": (e, t) => pulse.write(e, whyNot(t)),
  });
  pulse.cueCell = { forecastOf, referenceOf, sideNow };

  /* forecasts expire between ticks, too */
  setInterval(function () {
    const { tick } = pulse.seen || {}; // scripts may still be on their way
    if (!tick || document.hidden) return;
    for (const element of document.querySelectorAll(".cell-cue [data-slot]")) {
      pulse.slots[element.dataset.slot](element, tick);
    }
  }, 1000);

  /* ---- once per firing ---- */

  const PIECES = 6;
  const PIECE = { buy: "balloon", sell: "flake" };

  function play(side) {
    const cell = document.querySelector(".cell-cue");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!cell || still || document.hidden) return;
    const layer = document.createElement("div");
    layer.className = "cue-play";
    layer.dataset.side = side;
    layer.setAttribute("aria-hidden", "true");
    for (let n = 0; n < PIECES; n += 1) {
      const piece = document.createElement("i");
      piece.className = `${PIECE[side]} piece-${n}`;
      layer.append(piece);
    }
    layer.addEventListener("animationend", (event) => event.target === layer && layer.remove());
    cell.append(layer);
  }

  document.addEventListener("pulse:cue", (event) => play(event.detail.side));
})();
