/* The reader's wishes, kept in this browser: one place that reads, checks and writes them. */
(function () {
  "use strict";
  const { pulse } = window;
  const ID = "preferences";
  const whole = (low, high) => (value) => Number.isInteger(value) && value >= low && value <= high;
  const oneOf = (...allowed) => (value) => allowed.includes(value);
  const flag = (value) => value === true || value === false;
  const text = (longest) => (value) => typeof value === "string" && value.length <= longest;
  const list = (longest, item) => (value) =>
    Array.isArray(value) && value.length <= longest && value.every(item);
  /* a price alert of the reader's own; `at`: when it was reached, 0 while it waits */
  const alert = (value) => Boolean(value) && typeof value === "object" &&
    /^[A-Z0-9]{2,15}-USD$/.test(value.ticker) && ["above", "below"].includes(value.side) &&
    ["live", "simulated"].includes(value.market) && Number.isFinite(value.price) && value.price > 0 &&
    typeof value.id === "string" && Number.isFinite(value.at);

  /* name: [what holds where nothing was wished, what may be stored] */
  const WISHES = {
    refresh: [3, whole(3, 60)],
    paused: [false, flag],
    draw: ["line", oneOf("line", "candles")],
    scale: ["fit", oneOf("fit", "two")],
    minutes: [0, oneOf(0, 15, 60, 180, 480, 1440)], /* range of Live; 0: by the screen's width */
    cue: ["1,1.5,1.2,live", text(40)], /* core.domain.CueRule.to_text() */
    auto: [false, flag],
    amount: [10000, (value) => typeof value === "number" && value >= 1 && value <= 10000000], /* USD */
    sound: [false, flag],
    notify: [false, flag],
    keys: [true, flag], /* shortcuts of one key */
    spec: ["", text(200)], /* address ("?ticker=...") of the forecast looked at last */
    alerts: [[], list(20, alert)],
  };
  const current = { v: 1 };
  const listeners = [];

  function clean(stored) {
    const known = stored && stored.v === 1 ? stored : {};
    const checked = Object.entries(WISHES).map(([name, [usual, may]]) =>
      [name, may(known[name]) ? known[name] : structuredClone(usual)]);
    return { v: 1, ...Object.fromEntries(checked) };
  }

  /* What the store holds now, also when another tab changed it. A store that has not been read
     yet holds nothing, which is no wish. */
  function accept(stored) {
    if (!stored) return;
    const known = clean(stored);
    if (JSON.stringify(known) === JSON.stringify(current)) return;
    Object.assign(current, known);
    for (const listener of listeners) listener(current);
  }

  /* Holds at once: a second change must not be made from what the first one replaced. */
  function set(changes) {
    accept({ ...current, ...changes, v: 1 });
    window.dash_clientside.set_props(ID, { data: structuredClone(current) });
  }

  /* what dcc.Store kept, read before the page is built, which then needs no second look */
  function kept() {
    try { return JSON.parse(localStorage.getItem(ID)); } catch (error) { return null; }
  }

  Object.assign(current, clean(null), clean(kept()));
  pulse.prefs = {
    get: (name) => current[name], set, clean, accept,
    onChange: (listener) => { listeners.push(listener); listener(current); },
  };
})();
