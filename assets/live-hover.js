/* "Live vs predicted": what is said of a minute. Order: time, price, forecast as issued, band,
   error of that forecast. All of it is the text of one trace, so that the order holds. */
(function () {
  "use strict";
  const { pulse } = window;
  const live = (pulse.live = pulse.live || {});
  const { trace } = pulse.charts;
  const price = (value) => pulse.format.number(value, pulse.format.decimals(value));

  /* the forecasts that have met their time, by that time */
  function tailOf(figure) {
    const [tail, low, high] = ["tail", "tail-low", "tail-high"].map((uid) => trace(figure, uid));
    const rows = tail.x.map((time, i) => ({
      time, point: tail.y[i], low: low.y[i], high: high.y[i],
    })).filter((row) => row.point != null); // where none was issued the line ends
    return { rows, apart: rows.length > 1 ? rows[1].time - rows[0].time : live.MINUTE };
  }

  /* The forecast for the time nearest to `time`, none where none was made for about then. */
  function forecastFor({ rows, apart }, time) {
    const next = rows.findIndex((row) => row.time >= time);
    const near = [rows[next], next < 0 ? rows.at(-1) : rows[next - 1]].filter(Boolean)
      .sort((a, b) => Math.abs(a.time - time) - Math.abs(b.time - time))[0];
    return near && Math.abs(near.time - time) <= apart / 2 ? near : null;
  }

  function forecastLines(forecast, time, actual) {
    const of = forecast.time === time ? "" : ` for ${pulse.format.local(forecast.time)}`;
    const lines = [
      `Forecast${of} <b>${price(forecast.point)}</b>`,
      `80${pulse.format.THIN}% band ${price(forecast.low)} – ${price(forecast.high)}`,
    ];
    if (actual == null) return lines;
    const error = actual - forecast.point;
    return [...lines, `Error ${pulse.format.signed(error, pulse.format.decimals(actual))}`];
  }

  function candleLines(candles, i, volume) {
    if (!live.isCandles()) return [`<b>${price(candles.close[i])}</b>`, `Volume ${volume}`];
    return [
      `Open ${price(candles.open[i])}, close <b>${price(candles.close[i])}</b>`,
      `Low ${price(candles.low[i])}, high ${price(candles.high[i])}`,
      `Volume ${volume}`,
    ];
  }

  function tradeLines(trades, time) {
    return trades.filter((trade) => trade.x > time - live.MINUTE && trade.x <= time)
      .map((trade) => trade.text);
  }

  /* the words for every minute of `figure` */
  function wordsOf(figure) {
    const candles = trace(figure, "candles"), volumes = trace(figure, "volume").y;
    const closes = new Map(candles.x.map((time, i) => [time, candles.close[i]]));
    const quiet = new Set(figure.layout.meta.filled);
    const tail = tailOf(figure), trades = live.tradesOf(figure);
    return candles.x.map((time, i) => {
      if (candles.close[i] == null) return "";
      const forecast = forecastFor(tail, time);
      const volume = volumes[i] == null ? "not known" : volumes[i].toLocaleString("en-US");
      return [
        `(${pulse.format.utcClock(time)} UTC)`,
        ...candleLines(candles, i, quiet.has(time) ? "0, no trades" : volume),
        ...(forecast ? forecastLines(forecast, time, closes.get(forecast.time)) : []),
        ...tradeLines(trades, time),
      ].join("<br>");
    });
  }

  const describe = (figure) => { trace(figure, "price").customdata = wordsOf(figure); };

  /* Five hundred times as text take long on a slow phone, and nobody points at a chart that is
     not there yet: they are written, into the list that plotly reads, when nothing else is to do. */
  function describeSoon(figure) {
    const words = trace(figure, "price").x.map(() => "");
    trace(figure, "price").customdata = words;
    whenIdle(() => {
      if (words === trace(figure, "price").customdata) Object.assign(words, wordsOf(figure));
    });
  }

  const whenIdle = (work) => window.requestIdleCallback
    ? requestIdleCallback(work, { timeout: 2000 }) : setTimeout(work, 500);

  Object.assign(live, { describe, describeSoon });
})();
