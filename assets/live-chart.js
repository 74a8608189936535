/* "Live vs predicted": drawn whole once, then extended by candles and by the live price. */
(function () {
  "use strict";
  const { pulse } = window;
  const live = (pulse.live = pulse.live || {});
  const { drawn, trace, tokensOf, paintTokens, localise, prepare, redraw } = pulse.charts;
  const ID = "live-chart";
  const MOST_LIVE_POINTS = 2400;
  const MOST_CANDLES = 2880;
  const COLUMNS = ["open", "high", "low", "close"];
  const CUTOFFS = "session-cutoffs";

  /* Where this tab's session of a forecast began, kept over pages and reloads. */
  function cutoffs() {
    try {
      const stored = JSON.parse(sessionStorage.getItem(CUTOFFS));
      return stored && typeof stored === "object" ? stored : {};
    } catch (error) {
      return {}; // not readable, or storage is not allowed: the session begins now
    }
  }

  function knownCutoff() {
    const cutoff = cutoffs()[live.specOf()];
    return Number.isSafeInteger(cutoff) && cutoff > 0 ? cutoff : undefined;
  }

  function keepCutoff(cutoff) {
    try {
      sessionStorage.setItem(CUTOFFS, JSON.stringify({ ...cutoffs(), [live.specOf()]: cutoff }));
    } catch (error) {
      console.info("Where the session began is not kept:", error.message);
    }
  }

  /* what is drawn, as the server wants to know it */
  function version(v) {
    const gd = drawn(ID);
    if (!gd) return { v, cutoff: knownCutoff() };
    const { last, cutoff, provider, digest } = gd.layout.meta;
    return { v, since: last, cutoff, provider, digest };
  }

  const joined = (old, fresh) => [...(old || []), ...fresh].slice(-MOST_CANDLES);

  /* Candles belong to three traces: the line, the candles, the volume. */
  function addCandles(figure, candles) {
    const [price, bars, volume] = ["price", "candles", "volume"].map((uid) => trace(figure, uid));
    const x = joined(price.x, candles.close.map((_, i) => candles.first + i * live.MINUTE));
    price.y = joined(price.y, candles.close);
    for (const name of COLUMNS) bars[name] = joined(bars[name], candles[name]);
    volume.y = joined(volume.y, candles.volume);
    price.x = bars.x = volume.x = x;
    const { meta } = figure.layout;
    meta.filled = [...(meta.filled || []), ...candles.filled].filter((time) => time >= x[0]);
  }

  /* The live line starts at the newest close; of what went before, candles tell. */
  function startLive(figure) {
    const point = trace(figure, "live"), { x, y } = trace(figure, "price");
    const newer = point.x.map((time, i) => [time, point.y[i]]).filter(([time]) => time > x.at(-1));
    const kept = x.length && y.at(-1) != null ? [[x.at(-1), y.at(-1)], ...newer] : newer;
    point.x = kept.map((row) => row[0]);
    point.y = kept.map((row) => row[1]);
  }

  /* what the picture depends on besides what the server tells */
  const wishes = () => [
    ...["draw", "scale", "minutes"].map((name) => pulse.prefs.get(name)), live.tradesKept(),
  ].join();

  function showAs(figure, describe = live.describe) {
    figure.layout.meta.shown = wishes();
    live.markTrades(figure);
    const candles = live.isCandles();
    trace(figure, "candles").visible = candles;
    trace(figure, "price").line.width = candles ? 0 : 1.6;
    describe(figure);
    live.label(figure);
  }

  /* What is drawn, where `paint` is the same with another past: minutes that came later, candles
     that were corrected. */
  function sameChart({ provider, market, cutoff }) {
    const gd = drawn(ID);
    const meta = gd && gd.layout.meta;
    return gd && meta.provider === provider && meta.market === market && meta.cutoff === cutoff
      ? gd : null;
  }

  function keepLive(figure, before) {
    const { x, y } = trace(before, "live");
    Object.assign(trace(figure, "live"), { x: [...x], y: [...y] });
  }

  function whole(paint) {
    const { last, cutoff, provider, market, digest } = paint;
    const before = sameChart(paint);
    const figure = prepare(paint.figure, { last, cutoff, provider, market, digest });
    addCandles(figure, paint.candles);
    if (before) keepLive(figure, before);
    startLive(figure);
    live.nameLast(figure.layout, pulse.seen.tick);
    live.markExpired(figure, pulse.seen.tick);
    showAs(figure, live.describeSoon);
    if (!before || !live.keepView(figure, before)) {
      live.reset();
      live.fit(figure);
    }
    keepCutoff(cutoff);
    live.watchSoon(ID, settle);
    return figure;
  }

  function replaceMarks(gd, paint) {
    const marks = { shapes: paint.shapes, annotations: paint.annotations };
    localise(marks);
    Object.assign(gd.layout, marks);
    const kept = gd.layout.meta.tokens.filter(([path]) => !(path[1] in marks));
    const fresh = tokensOf({ layout: marks });
    paintTokens(gd, fresh);
    Object.assign(gd.layout.meta, { last: paint.last, digest: paint.digest, tokens: [...kept, ...fresh] });
  }

  /* no candle twice, and none left out */
  const isNext = (gd, { first }) => first === null || first === gd.layout.meta.last + live.MINUTE;

  function step(paint) {
    const gd = drawn(ID);
    if (!gd || !isNext(gd, paint.candles)) return null;
    addCandles(gd, paint.candles);
    for (const [uid, part] of Object.entries(paint.replace)) Object.assign(trace(gd, uid), part);
    startLive(gd);
    replaceMarks(gd, paint);
    live.markExpired(gd, pulse.seen.tick);
    showAs(gd);
    live.follow(gd);
    return { data: gd.data, layout: { ...gd.layout } };
  }

  /* No line across time in which nothing was heard of the price. */
  const silence = () => Math.max(90000, 2500 * pulse.refreshSeconds());

  function nextPoints(points, tick) {
    const before = points.x.at(-1), x = tick.quote;
    if (before != null && x <= before) return null;
    const torn = before != null && x - before > silence();
    return torn ? { x: [before + 1, x], y: [null, tick.price] } : { x: [x], y: [tick.price] };
  }

  function addPoint(tick) {
    const gd = drawn(ID);
    if (!gd || tick.quote == null || tick.price == null) return;
    live.watch(gd);
    settle(gd);
    const marked = [live.markStale(gd, tick), live.markExpired(gd, tick)].includes(true);
    const ours = gd.layout.meta.provider === pulse.source(tick);
    const points = trace(gd, "live");
    const fresh = ours ? nextPoints(points, tick) : null;
    const off = ours && live.isOff(gd, tick.price);
    if (marked || off) {
      extend(points, fresh);
      if (off) live.follow(gd);
      redraw(gd);
    } else if (fresh) {
      const { x, y } = fresh;
      window.Plotly.extendTraces(gd, { x: [x], y: [y] }, [gd.data.indexOf(points)], MOST_LIVE_POINTS);
    }
    live.placeTag(gd);
  }

  function extend(points, fresh) {
    if (!fresh) return;
    points.x = [...points.x, ...fresh.x].slice(-MOST_LIVE_POINTS);
    points.y = [...points.y, ...fresh.y].slice(-MOST_LIVE_POINTS);
  }

  /* A wish or a trade that came while a figure was on its way to the screen is drawn now. */
  function settle(gd) {
    if (gd.layout.meta.shown !== wishes()) apply();
  }

  /* a trade was made: returns the figure that shows it, where one is drawn */
  function withTrades(stored) {
    live.keepTrades(stored);
    const gd = drawn(ID);
    if (!gd) return null;
    showAs(gd);
    return { data: gd.data, layout: { ...gd.layout } };
  }

  /* the reader wants it drawn otherwise */
  function apply() {
    const gd = drawn(ID);
    if (!gd) return;
    showAs(gd);
    live.markExpired(gd, pulse.seen.tick);
    live.follow(gd);
    redraw(gd);
  }

  Object.assign(live, { ID, version, whole, step, addPoint, apply, withTrades });
})();
