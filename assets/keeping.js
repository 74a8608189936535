/* What this browser keeps of a position: read with suspicion, set aside where it is damaged, and
   never written by two tabs at once. core/portfolio/stored.py reads by the same rules.

   A damaged text is moved from its key to "<key>.damaged", where it stays until the reader has
   chosen: dcc.Store would read what it cannot parse as nothing, and write over it. Where there is
   no room for the move it stays under its key, and nothing is traded or added to it either. */
(function () {
  "use strict";
  const { pulse } = window;
  const VERSION = 1;
  const MOST_TRADES = 500;
  const MOST_POINTS = 1500;
  const LONGEST_TEXT = 2000000;
  const LARGEST = 1e15;
  const LATEST = 32503680000000; /* the year 3000 */
  const MARKETS = ["live", "simulated"];
  const LOCK = "market-pulse-orders";

  const isNumber = (value) => typeof value === "number" && Math.abs(value) <= LARGEST;
  const isPositive = (value) => isNumber(value) && value > 0;
  const isTime = (value) => isPositive(value) && value <= LATEST;
  const isTicker = (value) => typeof value === "string" && /^[A-Z0-9]{2,15}-USD$/.test(value);
  const isProvider = (value) => typeof value === "string" && /^[a-z]{0,20}$/.test(value);
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const oneOf = (...allowed) => (value) => allowed.includes(value);
  const optional = (check) => (value) => value === undefined || check(value);
  const orNull = (check) => (value) => value === null || check(value);

  const POSITION = {
    ticker: isTicker, units: isPositive, invested: isPositive, price: isPositive,
    bought_at: isTime, provider: optional(isProvider),
  };
  const TRADE = {
    market: oneOf(...MARKETS), side: oneOf("buy", "sell"), ticker: isTicker, units: isPositive,
    price: isPositive, amount: isPositive, time: isTime, quote_time: isTime,
    provider: isProvider, profit: orNull(isNumber), by: optional(oneOf("hand", "cue")),
  };

  /* name of the first field that is not plausible, "" where all are */
  function wrongField(row, fields, amount) {
    if (!isObject(row)) return "nothing that can be read";
    const wrong = Object.keys(fields).find((name) => !fields[name](row[name]));
    if (wrong) return wrong;
    const product = row.units * row.price;
    return Math.abs(product - row[amount]) > 1e-6 * product ? amount : "";
  }

  function holdingsFault(stored) {
    for (const market of MARKETS) {
      if (stored[market] == null) continue;
      const wrong = wrongField(stored[market], POSITION, "invested");
      if (wrong) return `in the ${market} market, ${wrong} is not plausible`;
    }
    return "";
  }

  function tradesFault(stored) {
    if (!Array.isArray(stored.list)) return "there is no list of trades";
    if (stored.list.length > MOST_TRADES) return `there are more than ${MOST_TRADES} trades`;
    for (const [row, trade] of stored.list.entries()) {
      const wrong = wrongField(trade, TRADE, "amount");
      if (wrong) return `in line ${row + 1}, ${wrong} is not plausible`;
    }
    return "";
  }

  const isPoint = (point) => Array.isArray(point) && point.length === 2 &&
    isTime(point[0]) && orNull(isNumber)(point[1]);

  function pointsFault(stored) {
    if (typeof stored.key !== "string" || !Array.isArray(stored.points)) return "there is no list of points";
    if (stored.points.length > MOST_POINTS) return `there are more than ${MOST_POINTS} points`;
    const wrong = stored.points.findIndex((point) => !isPoint(point));
    return wrong < 0 ? "" : `point ${wrong + 1} is not plausible`;
  }

  /* key: [what the reader calls it, what is wrong with it or ""] */
  const KEPT = {
    holdings: ["your position", holdingsFault],
    trades: ["your trades", tradesFault],
    "profit-points": ["the profit curve", pointsFault],
  };

  function faultOf(key, text) {
    if (text.length > LONGEST_TEXT) return "it is too long";
    let stored;
    try {
      stored = JSON.parse(text);
    } catch (error) {
      return "it is broken off or was edited";
    }
    if (stored === null) return "";
    if (!isObject(stored)) return "it is of another kind";
    if (stored.v !== VERSION) return `it is not of version ${VERSION}`;
    return KEPT[key][1](stored);
  }

  const aside = (key) => `${key}.damaged`;
  const unmoved = new Set(); /* keys whose damaged text found no room elsewhere */
  const isDamaged = (key) => unmoved.has(key) || localStorage.getItem(aside(key)) !== null;
  const damagedKeys = () => Object.keys(KEPT).filter(isDamaged);

  function textsAside(key) {
    const text = localStorage.getItem(aside(key));
    if (text === null) return [];
    try {
      const texts = JSON.parse(text);
      return Array.isArray(texts) ? texts.map(String) : [text];
    } catch (error) {
      return [text];
    }
  }

  /* every damaged text of a key, oldest first */
  const damagedTexts = (key) =>
    [...textsAside(key), ...(unmoved.has(key) ? [localStorage.getItem(key)] : [])];

  /* The copy first: where it finds no room, the only one there is stays where it is. */
  function move(key, text) {
    try {
      localStorage.setItem(aside(key), JSON.stringify([...textsAside(key), text]));
    } catch (error) {
      unmoved.add(key);
      return;
    }
    unmoved.delete(key);
    localStorage.removeItem(key);
  }

  function forgetInStore(key) {
    const { set_props } = window.dash_clientside;
    if (set_props && document.querySelector(".page-root")) set_props(key, { data: null });
  }

  /* true where what is kept under `key` was damaged, and is set aside now */
  function setAside(key) {
    const text = localStorage.getItem(key);
    if (text === null || !faultOf(key, text)) {
      unmoved.delete(key);
      return false;
    }
    move(key, text);
    if (!unmoved.has(key)) forgetInStore(key);
    return true;
  }

  function inspect() {
    for (const key of Object.keys(KEPT)) setAside(key);
    mark();
  }

  /* what is damaged and how, in a sentence; "" where all is well */
  function trouble() {
    const said = damagedKeys().map((key) => {
      const [text] = damagedTexts(key);
      return `What this browser kept of ${KEPT[key][0]} cannot be read: ${faultOf(key, text) || "it was damaged"}.`;
    });
    return said.join(" ");
  }

  function mark() {
    const keys = damagedKeys();
    if (keys.length) document.documentElement.dataset.damaged = keys.join(" ");
    else delete document.documentElement.dataset.damaged;
    if (pulse.fill) pulse.fill();
  }

  function saveText(text, name, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function download() {
    const texts = damagedKeys().flatMap(damagedTexts);
    saveText(texts.join("\n"), `market-pulse-${damagedKeys().join("-")}.json`, "application/json");
  }

  function startAfresh() {
    for (const key of damagedKeys()) {
      localStorage.removeItem(aside(key));
      if (!unmoved.delete(key)) continue;
      localStorage.removeItem(key);
      forgetInStore(key);
    }
    mark();
  }

  const CHOICES = { download, afresh: startAfresh };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-damage]");
    if (button) CHOICES[button.dataset.damage]();
  });

  /* Heard before dcc.Store hears it. What another tab wrote may be damaged, or older than what
     is there by now: a store that took the older value would write it back, and two tabs would
     answer each other without end. */
  window.addEventListener("storage", (event) => {
    if (event.storageArea !== localStorage || event.key === null) return;
    if (event.key.endsWith(".damaged")) mark();
    const old = event.newValue !== localStorage.getItem(event.key);
    if (old || (event.key in KEPT && setAside(event.key))) event.stopImmediatePropagation();
    if (event.key in KEPT) mark();
  });

  const read = (key) => unmoved.has(key) ? null : JSON.parse(localStorage.getItem(key));
  /* fails where there is no room: a trade that is not kept was not made */
  const write = (key, value) => pulse.room.writeOrFail(key, JSON.stringify(value));

  /* Runs `work` while no other tab of this browser trades. Without locks (a page that is not
     served securely) orders.js still tells when another tab was quicker. */
  const alone = (work) => navigator.locks ? navigator.locks.request(LOCK, work) : work();

  pulse.keeping = {
    inspect, trouble, isDamaged, read, write, alone, saveText, MOST_TRADES, MOST_POINTS,
  };
  pulse.addSlots({
    damage: (e) => pulse.write(e, trouble()),
  });
  try {
    inspect();
  } catch (error) {
    console.info("What this browser keeps cannot be looked at:", error.message);
  }
})();
