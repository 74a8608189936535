/* The trade log: the grid, loaded when there is a first trade to show, and its CSV. */
(function () {
  "use strict";
  const { pulse } = window;
  const f = () => pulse.format;
  const MOST_UNROLLED = 10; /* lines; a longer log scrolls in its place */
  let loading = null;

  /* The grid weighs as much as a third of the page: nobody without a trade waits for it. */
  function load(address) {
    loading = loading || new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = () => { loading = null; script.remove(); reject(new Error(address)); };
      document.head.append(script);
    });
    return loading;
  }

  const ofMarket = (stored, market) =>
    (stored ? stored.list : []).filter((trade) => trade.market === (market || "live")).reverse();

  async function showTrades(stored, market, parts) {
    const rows = ofMarket(stored, market).slice(0, parts.most || undefined);
    if (!rows.length) return parts.empty;
    try {
      await load(parts.script);
    } catch (error) {
      return parts.unavailable;
    }
    const rowData = rows.map((trade) => ({ ...trade, id: [trade.time, trade.side, trade.units].join() }));
    const { props } = parts.grid;
    const long = rows.length > MOST_UNROLLED;
    const dashGridOptions = { ...props.dashGridOptions, domLayout: long ? "normal" : "autoHeight" };
    const className = long ? `${props.className} long` : props.className;
    return { ...parts.grid, props: { ...props, rowData, className, dashGridOptions } };
  }

  const coin = (trade) => trade.ticker.replace("-USD", "");
  const priceDigits = (price) => price >= 10 ? 2 : price >= 0.1 ? 4 : 6;
  const SIDES = { buy: "▲ Bought", sell: "▼ Sold" };
  const BY = { hand: "by hand", cue: "by cue" };

  const isToday = (ms) => new Date(ms).toDateString() === new Date().toDateString();
  const day = (ms) => f().local(ms, "date").replace(/ [^ ]*$/, "");

  const inWords = (trade) => `${SIDES[trade.side]} ${f().number(trade.units, 6)} ${coin(trade)} at ` +
    `${f().number(trade.price, priceDigits(trade.price))} USD, ${BY[trade.by] || BY.hand}, ` +
    f().provider(trade.provider || "unknown");

  /* named by the columns in components/trade_log.py */
  Object.assign(window.dashAgGridFunctions = window.dashAgGridFunctions || {}, {
    tradeTime: ({ value }) => f().local(value, "date"),
    tradeWhen: ({ value }) => isToday(value) ? f().local(value) : day(value),
    tradeUtc: ({ data }) => f().utc(data.time),
    tradeSide: ({ value }) => SIDES[value],
    tradeShort: ({ data }) => `${SIDES[data.side][0]} ${f().number(data.units, 6)} ${coin(data)}`,
    tradeInWords: ({ data }) => inWords(data),
    tradeUnits: ({ value }) => f().number(value, 6),
    tradePrice: ({ value }) => f().number(value, priceDigits(value)),
    tradeAmount: ({ value }) => f().number(value),
    tradeProfit: ({ value }) => value == null ? "–" : f().signed(value),
    tradeBy: ({ value }) => BY[value] || BY.hand,
    tradeProvider: ({ value }) => value ? f().provider(value) : "–",
  });

  const COLUMNS = [
    ["Time (UTC)", (t) => new Date(t.time).toISOString()],
    ["Quote time (UTC)", (t) => new Date(t.quote_time).toISOString()],
    ["Market", (t) => t.market],
    ["Ticker", (t) => t.ticker],
    ["Side", (t) => t.side],
    ["Units", (t) => t.units],
    ["Price (USD per unit)", (t) => t.price],
    ["Amount (USD)", (t) => t.amount],
    ["Profit (USD)", (t) => t.profit ?? ""],
    ["By", (t) => t.by || "hand"],
    ["Provider", (t) => t.provider],
  ];

  /* No value needs quotes: words are of a short list, or plain letters (keeping.js). */
  function csv(trades) {
    const lines = [COLUMNS.map(([name]) => name), ...trades.map((t) => COLUMNS.map(([, of]) => of(t)))];
    return lines.map((line) => line.join(",")).join("\r\n") + "\r\n";
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-trades-csv]")) return;
    const trades = ofMarket(pulse.keeping.read("trades"), pulse.market);
    pulse.keeping.saveText(csv(trades), "trades.csv", "text/csv");
  });

  pulse.offer({ showTrades });
})();
