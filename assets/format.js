/* Numbers and times as text. Numbers as components/formatting.py writes them; times in the
   reader's own zone, with UTC beside them where there is room for a title. */
(function () {
  "use strict";
  const { pulse } = window;
  const MINUS = "\u2212";
  const THIN = "\u202f";
  const formats = new Map();

  function numberFormat(digits) {
    if (!formats.has(digits)) {
      formats.set(digits, new Intl.NumberFormat("en-US", {
        minimumFractionDigits: digits, maximumFractionDigits: digits,
      }));
    }
    return formats.get(digits);
  }

  function number(value, digits = 2) {
    const text = numberFormat(digits).format(Math.abs(value));
    return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
  }

  function signed(value, digits = 2) {
    const text = number(value, digits);
    return value > 0 && /[1-9]/.test(text) ? "+" + text : text;
  }

  /* digits after the point that a price of this scale is read with */
  const decimals = (price) => Math.abs(price) >= 10 ? 2 : Math.abs(price) >= 0.1 ? 4 : 6;

  const percent = (fraction, digits = 2) => signed(100 * fraction, digits) + THIN + "%";

  /* "▲ +3.88": a colour never comes without its arrow and sign */
  function arrow(text) {
    if (text.startsWith("+")) return "▲ " + text;
    return text.startsWith(MINUS) ? "▼ " + text : text;
  }

  const direction = (text) =>
    text.includes("▲") || text.startsWith("+") ? "up"
      : text.includes("▼") || text.startsWith(MINUS) ? "down" : "";

  function duration(seconds) {
    for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60]]) {
      if (seconds >= 2 * size) return `${number(Math.floor(seconds / size), 0)} ${unit}`;
    }
    return `${Math.max(0, Math.round(seconds))} s`;
  }

  const STYLES = {
    time: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
    seconds: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
    date: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  };
  const times = Object.fromEntries(Object.entries(STYLES).map(
    ([style, options]) => [style, new Intl.DateTimeFormat("en-GB", options)]));

  const local = (ms, style = "time") => times[style].format(ms).replace(",", "");
  const utc = (ms) => new Date(ms).toISOString().slice(0, 19).replace("T", " ") + " UTC";
  const utcClock = (ms) => new Date(ms).toISOString().slice(11, 16);

  const NAMES = { cache: "the offline cache", simulated: "the simulated market" };
  const provider = (name) => NAMES[name] || name[0].toUpperCase() + name.slice(1);

  pulse.format = {
    provider, MINUS, THIN, decimals, number, signed, percent, arrow, direction, duration, local, utc, utcClock,
  };
})();
