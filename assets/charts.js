/* Charts: colours from tokens, fitting, extending. Figures come from Python with colours named by
   token ("--ch-actual"), times in UTC milliseconds, traces known by uid. Plotly writes times that
   come as numbers in the reader's own zone. */
(function () {
  "use strict";
  const pulse = (window.pulse = window.pulse || {});
  const MOST_LIVE_POINTS = 2400;
  const HOUR = 3600000;

  const plot = (id) => document.querySelector(`#${id} .js-plotly-plot`);
  const drawn = (id) => {
    const gd = plot(id);
    return gd && gd.layout && gd.layout.meta && gd.data && gd.data.length ? gd : null;
  };
  const trace = (gd, uid) => gd.data.find((t) => t.uid === uid);

  function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  /* every place of `node` that holds a token's name, as [path, name] */
  function tokensOf(node, path = [], found = []) {
    if (typeof node === "string") {
      if (node.startsWith("--")) found.push([path, node]);
    } else if (node && typeof node === "object") {
      for (const key of Object.keys(node)) {
        if (key !== "x" && key !== "y") tokensOf(node[key], [...path, key], found);
      }
    }
    return found;
  }

  function paintTokens(figure, tokens) {
    for (const [path, name] of tokens) {
      const last = path.length - 1;
      const parent = path.slice(0, last).reduce((node, key) => node && node[key], figure);
      if (parent) parent[path[last]] = token(name);
    }
  }

  function localise(layout) {
    for (const note of layout.annotations || []) {
      note.text = note.text.replace("@", pulse.format.local(note.x));
    }
  }

  const clocks = (x) => x.map(pulse.format.utcClock);

  /* a figure from Python, ready for plotly; what is needed later is kept in layout.meta */
  function prepare(figure, meta = {}) {
    const ready = structuredClone(figure);
    for (const t of ready.data) {
      if (t.uid === "price") t.customdata = clocks(t.x);
    }
    localise(ready.layout);
    const tokens = tokensOf(ready);
    paintTokens(ready, tokens);
    if (matchMedia("(pointer: coarse)").matches) ready.layout.dragmode = false;
    ready.layout.meta = { ...meta, tokens };
    return ready;
  }

  function repaint() {
    for (const gd of document.querySelectorAll(".js-plotly-plot")) {
      if (!gd.layout || !gd.layout.meta) continue;
      paintTokens(gd, gd.layout.meta.tokens);
      window.Plotly.redraw(gd);
    }
  }

  /* ---- Live ---- */
  const hours = () => Number(pulse.rangeHours ||
    (matchMedia("(max-width: 639px)").matches ? 3 : 8));

  function values(figure, uids, from, to) {
    const out = [];
    for (const uid of uids) {
      const t = trace(figure, uid);
      if (!t) continue;
      for (let i = 0; i < t.x.length; i += 1) {
        if (t.x[i] >= from && t.x[i] <= to && t.y[i] != null) out.push(t.y[i]);
      }
    }
    return out;
  }

  /* "Fit": observed range and fan plus 8 %; an older ribbon may clip */
  function fit(figure) {
    const span = hours() * HOUR;
    const last = figure.layout.meta.last;
    const ahead = Math.max(last, ...trace(figure, "no-change").x);
    const from = last - span, to = ahead + 0.06 * (ahead - from);
    const shown = values(figure, ["price", "live", "fan-low", "fan-high", "long"], from, to);
    const minute = trace(figure, "minute");
    if (minute) minute.visible = hours() === 1;
    figure.layout.xaxis.range = [from, to];
    figure.layout.xaxis.autorange = false;
    if (!shown.length) return;
    const low = Math.min(...shown), high = Math.max(...shown);
    const pad = 0.08 * (high - low) || 0.001 * high;
    figure.layout.yaxis.range = [low - pad, high + pad];
    figure.layout.yaxis.autorange = false;
  }

  function wholeLive(paint) {
    const { last, cutoff, provider } = paint;
    const meta = { last, cutoff, provider };
    const figure = prepare(paint.figure, meta);
    pulse.zoomed = false;
    fit(figure);
    return figure;
  }

  function stepLive(id, paint) {
    const gd = drawn(id);
    if (!gd) return null;
    const price = trace(gd, "price");
    price.x = [...price.x, ...paint.x];
    price.y = [...price.y, ...paint.y];
    price.customdata = [...price.customdata, ...clocks(paint.x)];
    for (const [uid, part] of Object.entries(paint.replace)) {
      Object.assign(trace(gd, uid), part);
    }
    const marks = { shapes: paint.shapes, annotations: paint.annotations };
    localise(marks);
    Object.assign(gd.layout, marks);
    const kept = gd.layout.meta.tokens.filter(([path]) => !(path[1] in marks));
    const fresh = tokensOf({ layout: marks });
    paintTokens(gd, fresh);
    Object.assign(gd.layout.meta, {
      last: paint.last, tokens: [...kept, ...fresh],
    });
    if (!pulse.zoomed) fit(gd);
    return { data: gd.data, layout: { ...gd.layout } };
  }

  function addLivePoint(id, tick) {
    const gd = drawn(id);
    if (!gd || tick.quote == null || tick.price == null) return;
    watchZoom(gd);
    markStale(gd, tick);
    markExpired(gd, tick);
    const index = gd.data.findIndex((t) => t.uid === "live");
    if (index < 0 || gd.layout.meta.provider !== pulse.source(tick)) return;
    const x = tick.quote;
    if (x <= gd.data[index].x.at(-1)) return;
    const y = gd.layout.yaxis.range;
    if (!pulse.zoomed && y && (tick.price < y[0] || tick.price > y[1])) {
      const live = trace(gd, "live");
      live.x = [...live.x, x];
      live.y = [...live.y, tick.price];
      fit(gd);
      window.Plotly.redraw(gd);
    } else {
      window.Plotly.extendTraces(gd, { x: [[x]], y: [[tick.price]] }, [index], MOST_LIVE_POINTS);
    }
    placeTag(gd);
  }

  /* Time without candles is an amber span, and "now" is no longer true of the last one. */
  function markStale(gd, tick) {
    const late = tick.state !== "ok" && tick.state !== "simulated" && tick.now - tick.candle > 90000;
    const shapes = gd.layout.shapes.filter((shape) => shape.name !== "stale");
    if (!late && shapes.length === gd.layout.shapes.length) return;
    const span = {
      name: "stale", type: "rect", x0: gd.layout.meta.last, x1: tick.now,
      yref: "paper", y0: 0, y1: 1, line: { width: 0 }, layer: "below", fillcolor: token("--warn-soft"),
    };
    gd.layout.shapes = late ? [...shapes, span] : shapes;
    const [mark] = gd.layout.annotations;
    mark.text = late ? mark.text.replace("now", "last candle") : mark.text.replace("last candle", "now");
    mark.font.color = token(late ? "--ch-warn" : "--text");
    window.Plotly.redraw(gd);
  }

  /* What was forecast for a time that has passed is not drawn as what is to come. */
  function markExpired(gd, tick) {
    const ahead = (uid) => !(trace(gd, uid).x[0] <= tick.now);
    const wanted = { minute: hours() === 1 && ahead("minute") };
    for (const uid of ["long", "path", "no-change", "fan-low", "fan-high"]) wanted[uid] = ahead("long");
    const wrong = Object.keys(wanted).filter((uid) => (trace(gd, uid).visible !== false) !== wanted[uid]);
    if (!wrong.length) return;
    for (const uid of wrong) trace(gd, uid).visible = wanted[uid];
    for (const note of gd.layout.annotations.slice(1, -1)) note.visible = wanted.long;
    window.Plotly.redraw(gd);
  }

  function placeTag(gd) {
    const tag = document.querySelector(".price-tag");
    const tick = pulse.seen.tick;
    const axis = gd._fullLayout && gd._fullLayout.yaxis;
    if (!tag || !tick || tick.price == null || !axis) return;
    const y = axis._offset + axis.l2p(tick.price);
    const inside = y >= axis._offset && y <= axis._offset + axis._length;
    tag.style.visibility = inside ? "visible" : "hidden";
    tag.style.transform = `translateY(calc(${y.toFixed(1)}px - 50%))`;
  }

  function watchZoom(gd) {
    if (gd.dataset.watched) return;
    gd.dataset.watched = "yes";
    gd.on("plotly_afterplot", () => placeTag(gd));
    gd.on("plotly_relayout", (change) => {
      if ("xaxis.range[0]" in change || "yaxis.range[0]" in change) pulse.zoomed = true;
    });
    gd.on("plotly_doubleclick", () => refit(gd));
  }

  function refit(gd) {
    pulse.zoomed = false;
    fit(gd);
    window.Plotly.redraw(gd);
  }

  function setRange(chosen) {
    pulse.rangeHours = chosen;
    const gd = drawn("live-chart");
    if (gd) refit(gd);
    markRange();
  }

  function markRange() {
    for (const button of document.querySelectorAll("[data-hours]")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.hours) === hours()));
    }
  }

  pulse.charts = {
    drawn, prepare, repaint, wholeLive, stepLive, addLivePoint, setRange, markRange,
  };
})();
