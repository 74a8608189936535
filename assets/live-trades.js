/* "Live vs predicted": the reader's own trades, from the log that this browser keeps. Only those
   of the coin, market and provider whose candles are drawn. */
(function () {
  "use strict";
  const { pulse } = window;
  const live = (pulse.live = pulse.live || {});
  const { trace } = pulse.charts;
  const SIDES = { buy: ["buys", "bought"], sell: ["sells", "sold"] };
  let kept = [];

  const specOf = () => {
    const box = document.querySelector(".chart-box[data-spec]");
    return box ? box.dataset.spec : "";
  };

  function words(trade) {
    const { format } = pulse;
    const coin = trade.ticker.split("-")[0];
    const units = trade.units.toLocaleString("en-US", { maximumSignificantDigits: 6 });
    const price = format.number(trade.price, format.decimals(trade.price));
    return `${SIDES[trade.side][1]} ${units} ${coin} at ${price}`;
  }

  const isReadable = (trade) => trade && trade.side in SIDES && typeof trade.ticker === "string" &&
    [trade.time, trade.price, trade.units].every(Number.isFinite);

  /* [{side, x, y, text}] of the trades that belong to the candles of `figure` */
  function tradesOf(figure) {
    const { market, provider } = figure.layout.meta;
    const ticker = specOf().split("?")[0];
    const first = trace(figure, "price").x[0];
    return kept.filter((trade) => trade.ticker === ticker && trade.market === market &&
      trade.provider === provider && trade.time >= first)
      .map((trade) => ({ side: trade.side, x: trade.time, y: trade.price, text: words(trade) }));
  }

  function markTrades(figure) {
    const trades = tradesOf(figure);
    for (const [side, [uid]] of Object.entries(SIDES)) {
      const made = trades.filter((trade) => trade.side === side);
      Object.assign(trace(figure, uid), {
        x: made.map((trade) => trade.x), y: made.map((trade) => trade.y),
        customdata: made.map((trade) => trade.text),
      });
    }
  }

  /* what the log holds now */
  function keepTrades(stored) {
    const list = stored && stored.v === 1 && Array.isArray(stored.list) ? stored.list : [];
    kept = list.filter(isReadable);
  }

  /* tells one state of the log from another */
  const tradesKept = () => [kept.length, kept.length ? kept.at(-1).time : 0];

  Object.assign(live, { specOf, tradesOf, markTrades, keepTrades, tradesKept });
})();
