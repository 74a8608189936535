/* Cues: the reader's rule, what a tick says by it, and when it fires. The server judges; this
   remembers, so that a cue fires once. How it is shown is in cues-cell.js and cues-form.js. */
(function () {
  "use strict";
  const { pulse } = window;
  const SIDES = ["buy", "sell"];
  const FIRES = 1, STANDS_IN = 2; /* flags of callbacks/cues.py */

  /* ---- the rule: core.domain.CueRule in the browser ---- */

  const RANGES = { mae_weight: [0, 5, 2], buy_factor: [0.5, 3, 5], sell_factor: [0.5, 3, 5] };
  const COST = [0, 5, 3]; /* of the round trip, percent */
  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  const REFERENCE = "1,1.5,1.2,live", DIRECTIONAL = "0,1,1,issue";

  /* [number, ""], or [null, what is wrong with the text] */
  function check(name, text) {
    const [low, high, digits] = name === "cost" ? COST : RANGES[name];
    const typed = String(text).trim();
    const number = NUMBER.test(typed) ? Number(typed) : NaN;
    if (number >= low && number <= high) return [Number(number.toFixed(digits)) + 0, ""];
    const given = typed.slice(0, 24) || "nothing";
    return [null, `${name} must be a number from ${low} to ${high}, not ${given}.`];
  }

  /* {mae_weight, buy_factor, sell_factor, against}, or null where the text is no rule */
  function parse(text) {
    const parts = String(text).split(",").map((part) => part.trim());
    const against = parts[3];
    if (parts.length !== 4 || !["live", "issue"].includes(against)) return null;
    const names = Object.keys(RANGES);
    const numbers = names.map((name, place) => check(name, parts[place])[0]);
    if (numbers.includes(null)) return null;
    return { ...Object.fromEntries(names.map((name, place) => [name, numbers[place]])), against };
  }

  const toText = (rule) =>
    [rule.mae_weight, rule.buy_factor, rule.sell_factor, rule.against].join();

  function costAware(percent) {
    const factor = Number((1 + percent / 100).toFixed(5));
    return toText({ mae_weight: 1, buy_factor: factor, sell_factor: factor, against: "issue" });
  }

  const costOf = (rule) => Number((100 * (rule.buy_factor - 1)).toFixed(3));

  function presetOf(rule) {
    const text = toText(rule), cost = costOf(rule);
    if (text === REFERENCE) return "reference";
    if (text === DIRECTIONAL) return "directional";
    return cost >= COST[0] && cost <= COST[1] && text === costAware(cost) ? "cost-aware" : "custom";
  }

  const rule = () => parse(pulse.prefs.get("cue")) || parse(REFERENCE);

  /* ---- what was decided, kept for all tabs of this browser ---- */

  /* A tab that opens knows what has held all along. One that is open goes by what it saw itself,
     so that a condition begins in every tab; after a rest it looks again. */
  const STORED_AS = "cue-decisions";
  const MOST = 40;
  const isEntry = (entry) => Array.isArray(entry) && typeof entry[0] === "string" &&
    Array.isArray(entry[1]) && Array.isArray(entry[1][3]);
  /* "market|spec|rule|side|position" -> [candle, fired, since, figures] */
  const decided = new Map(restore());
  let takenAt = Date.now();

  function restore() {
    try {
      const stored = JSON.parse(localStorage.getItem(STORED_AS));
      return stored && stored.v === 1 ? stored.list.filter(isEntry).slice(-MOST) : [];
    } catch (error) {
      console.info("Earlier cues are not known:", error.message);
      return [];
    }
  }

  function put(decisions, key, decision) {
    decisions.delete(key); // the newest stand last
    decisions.set(key, decision);
    while (decisions.size > MOST) decisions.delete(decisions.keys().next().value);
    return decisions;
  }

  function remember(key, decision) {
    put(decided, key, decision);
    try {
      const list = [...put(new Map(restore()), key, decision)];
      localStorage.setItem(STORED_AS, JSON.stringify({ v: 1, list }));
    } catch (error) {
      console.info("Cues are not kept over a reload:", error.message);
    }
  }

  /* ---- a tick ---- */

  const TABLE = Array.from({ length: 256 }, (_, byte) => {
    let sum = byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
    return sum >>> 0;
  });

  /* zlib.crc32 of ASCII; `tag_of` in callbacks/cues.py */
  function tagOf(text) {
    let sum = 0xffffffff;
    for (const letter of text) sum = TABLE[(sum ^ letter.charCodeAt(0)) & 255] ^ (sum >>> 8);
    return ((sum ^ 0xffffffff) >>> 0) & 0xffff;
  }

  const spec = () => {
    const root = document.querySelector(".page-root");
    return root ? root.dataset.spec : "";
  };
  const sideKey = (tick, side) => [tick.market, spec(), toText(rule()), side].join("|");
  /* Selling is judged by what was paid, so another purchase is another question. Which one the
     tick was judged by, it says itself: it may have been on its way while the reader bought. */
  const paidBy = (tick, figures) => figures[3] & STANDS_IN ? "none" : tick.hold ? tick.hold[3] : "held";
  const keyOf = (tick, side, figures) => side === "sell"
    ? `${sideKey(tick, side)}|${paidBy(tick, figures)}` : `${sideKey(tick, side)}|`;

  /* a tick on its way may be about the forecast or the rule of before */
  const isOurs = (tick) => Array.isArray(tick.cue) && tick.cue[2] === tagOf(`${spec()}|${toText(rule())}`);

  /* whether this forecast has fired already, for any position */
  const hasFired = (tick, side) => [...decided].some(([key, [candle, fired]]) =>
    fired && candle === tick.candle && key.startsWith(`${sideKey(tick, side)}|`));

  /* Against the live price, a cue fires when the condition begins to hold; against the price at
     issue it is decided once for each forecast and position, by the first tick that tells of it,
     and fires at most once a forecast. */
  function decide(tick, side, figures) {
    const key = keyOf(tick, side, figures), known = decided.get(key);
    const fires = Boolean(figures[3] & FIRES);
    const once = rule().against === "issue";
    if (once ? known && known[0] === tick.candle : known && known[1] === fires) return false;
    const again = once && hasFired(tick, side);
    remember(key, [tick.candle, fires, tick.now, figures]);
    return fires && !again;
  }

  /* What other tabs decided while this one was hidden or paused, it did not see. */
  function catchUp() {
    const rested = Date.now() - takenAt > 2000 * pulse.refreshSeconds() + 4000;
    takenAt = Date.now();
    if (rested) for (const [key, decision] of restore()) decided.set(key, decision);
  }

  function take(tick) {
    if (!isOurs(tick)) return;
    catchUp();
    const fired = SIDES.filter((side, place) =>
      Array.isArray(tick.cue[place]) && decide(tick, side, tick.cue[place]));
    for (const side of fired) {
      const detail = { side, spec: spec(), candle: tick.candle, price: tick.price };
      document.dispatchEvent(new CustomEvent("pulse:cue", { detail }));
    }
  }

  /* what is shown of a side: {word}, or {gap, typical, moves, fires, standsIn, since} */
  function sideOf(tick, side) {
    const told = tick.cue[SIDES.indexOf(side)];
    if (!Array.isArray(told)) return { word: told };
    const [candle, , since, figures] = decided.get(keyOf(tick, side, told)) || [];
    const settled = rule().against === "issue" && candle === tick.candle;
    const [gap, typical, moves, flags] = settled ? figures : told;
    return {
      gap, typical, moves, since,
      fires: Boolean(flags & FIRES), standsIn: Boolean(flags & STANDS_IN),
    };
  }

  /* the rule as every tick sends it */
  function cueRule(stored, sent) {
    pulse.prefs.accept(stored);
    const text = toText(rule());
    return text === sent ? window.dash_clientside.no_update : text;
  }

  pulse.offer({ cueRule });
  pulse.cues = {
    SIDES, RANGES, REFERENCE, DIRECTIONAL,
    check, parse, toText, costAware, costOf, presetOf, rule, spec, tagOf, isOurs, take, sideOf,
  };
})();
