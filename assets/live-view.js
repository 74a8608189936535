/* "Live vs predicted": what part of it is seen. It follows the newest candle until the reader
   moves it by hand; a double click or a button of range or scale lets it follow again. */
(function () {
  "use strict";
  const { pulse } = window;
  const live = (pulse.live = pulse.live || {});
  const { trace, redraw } = pulse.charts;
  const MINUTE = 60000;
  const ALL = 1440;
  const MARGIN = 0.02; // of "±2 %"
  const OFF_CENTRE = 0.0005; // which "±2 %" may be before it is centred anew
  let byHand = false;

  /* minutes back from the newest candle */
  const minutes = () => pulse.prefs.get("minutes") ||
    (matchMedia("(max-width: 639px)").matches ? 180 : 480);
  const isShort = () => minutes() <= 60;

  function span(figure) {
    const { last, cutoff } = figure.layout.meta;
    const first = Math.max(cutoff, trace(figure, "price").x[0] ?? cutoff);
    const from = minutes() === ALL ? first : last - minutes() * MINUTE;
    const target = Math.max(last, ...trace(figure, "no-change").x);
    const ahead = Math.min(target, last + (last - from)); // a short view looks less far ahead
    return [from, ahead + 0.06 * (ahead - from)];
  }

  function within(figure, uid, column, [from, to]) {
    const { x, [column]: y } = trace(figure, uid);
    return y.filter((value, i) => value != null && x[i] >= from && x[i] <= to);
  }

  const isCandles = () => pulse.prefs.get("draw") === "candles";

  function shown(figure, range) {
    const columns = isCandles() ? [["candles", "low"], ["candles", "high"]] : [["price", "y"]];
    const lines = ["live", "fan-95-low", "fan-95-high", "long"].map((uid) => [uid, "y"]);
    return [...columns, ...lines].flatMap(([uid, column]) => within(figure, uid, column, range));
  }

  function livePrice(figure) {
    const { tick } = pulse.seen;
    const ours = tick && tick.price != null && pulse.source(tick) === figure.layout.meta.provider;
    return ours ? tick.price : trace(figure, "price").y.findLast((close) => close != null);
  }

  /* [low, high] of prices; null where there is nothing to show */
  function prices(figure, range) {
    if (pulse.prefs.get("scale") === "two") {
      const price = livePrice(figure);
      return price ? [price * (1 - MARGIN), price * (1 + MARGIN)] : null;
    }
    const values = shown(figure, range);
    if (!values.length) return null;
    const low = Math.min(...values), high = Math.max(...values);
    const pad = 0.08 * (high - low) || 0.001 * high;
    return [low - pad, high + pad];
  }

  function setRange(axis, range) {
    axis.autorange = !range;
    if (range) axis.range = range;
    else delete axis.range;
  }

  const mostVolume = (figure, range) => Math.max(0, ...within(figure, "volume", "y", range)) || 1;

  function fit(figure) {
    const range = span(figure);
    const { xaxis, yaxis, yaxis2 } = figure.layout;
    setRange(xaxis, trace(figure, "price").x.length ? range : null);
    setRange(yaxis, prices(figure, range));
    setRange(yaxis2, [0, mostVolume(figure, range)]);
  }

  /* the changes of the layout that show `range`, with prices and volume to fit it */
  function viewed(figure, range) {
    const changes = {
      "xaxis.range[0]": range[0], "xaxis.range[1]": range[1],
      "yaxis2.range[0]": 0, "yaxis2.range[1]": mostVolume(figure, range),
    };
    const price = prices(figure, range);
    if (price) Object.assign(changes, { "yaxis.range[0]": price[0], "yaxis.range[1]": price[1] });
    return changes;
  }

  /* a view by hand is none of those that the buttons offer */
  function setByHand(is) {
    byHand = is;
    live.markTools();
  }

  const follow = (figure) => { if (!byHand) fit(figure); };

  /* true where the reader's own view of `before` is that of `figure` now */
  function keepView(figure, before) {
    if (!byHand) return false;
    for (const name of ["xaxis", "yaxis", "yaxis2"]) {
      setRange(figure.layout[name], [...before._fullLayout[name].range]);
    }
    return true;
  }

  function refit(gd) {
    setByHand(false);
    fit(gd);
    redraw(gd);
  }

  /* Tells whether the price has left where the view was made for. */
  function isOff(gd, price) {
    const range = gd.layout.yaxis.range;
    if (byHand || !range) return false;
    if (pulse.prefs.get("scale") !== "two") return price < range[0] || price > range[1];
    return Math.abs((range[0] + range[1]) / 2 / price - 1) > OFF_CENTRE;
  }

  function placeTag(gd) {
    const tag = document.querySelector(".price-tag");
    const { tick } = pulse.seen;
    const axis = gd._fullLayout && gd._fullLayout.yaxis;
    if (!tag || !tick || tick.price == null || !axis) return;
    const y = axis._offset + axis.l2p(tick.price);
    const inside = y >= axis._offset && y <= axis._offset + axis._length;
    tag.style.visibility = inside ? "visible" : "hidden";
    tag.style.transform = `translateY(calc(${y.toFixed(1)}px - 50%))`;
    dropTick(gd, inside ? tag.getBoundingClientRect() : null);
  }

  /* The label of the axis under the price tag is not read through it. */
  function dropTick(gd, tag) {
    for (const label of gd.querySelectorAll(".ytick text")) {
      const box = label.getBoundingClientRect();
      const under = tag && box.bottom > tag.top && box.top < tag.bottom;
      label.style.visibility = under ? "hidden" : "";
    }
  }

  function watch(gd) {
    if (gd.dataset.watched) return;
    gd.dataset.watched = "yes";
    live.watchZoom(gd);
    gd.on("plotly_afterplot", () => placeTag(gd));
    gd.on("plotly_relayout", (change) => {
      if ("xaxis.range[0]" in change || "yaxis.range[0]" in change) setByHand(true);
    });
    /* plotly goes back to the range it knew first, and only then it is ours to say */
    gd.on("plotly_doubleclick", () => setTimeout(() => refit(gd), 0));
  }

  /* The chart is watched from its first picture on: a reader may move it before the first tick. */
  function watchSoon(id, whenDrawn, until = performance.now() + 20000) {
    const gd = pulse.charts.drawn(id);
    if (gd && gd.on) {
      watch(gd);
      whenDrawn(gd);
    } else if (performance.now() < until) {
      requestAnimationFrame(() => watchSoon(id, whenDrawn, until));
    }
  }

  const reset = () => setByHand(false);
  const isByHand = () => byHand;

  Object.assign(live, {
    MINUTE, minutes, isShort, isCandles, span, fit, viewed, follow, keepView, refit, reset, isByHand, isOff, placeTag,
    watch, watchSoon,
  });
})();
