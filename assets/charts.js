/* Charts: colours from tokens. Figures come from Python with colours named by token
   ("--ch-actual"), times in UTC milliseconds, traces known by uid. Plotly writes times that
   come as numbers in the reader's own zone. */
(function () {
  "use strict";
  const { pulse } = window;
  /* lists of a trace, which hold no colours */
  const LISTS = new Set(["x", "y", "open", "high", "low", "close", "customdata"]);

  const plot = (id) => document.querySelector(`#${id} .js-plotly-plot`);
  const drawn = (id) => {
    const gd = plot(id);
    return gd && gd.layout && gd.layout.meta && gd.data && gd.data.length ? gd : null;
  };
  const trace = (figure, uid) => figure.data.find((t) => t.uid === uid);

  function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  /* every place of `node` that holds a token's name, as [path, name] */
  function tokensOf(node, path = [], found = []) {
    if (typeof node === "string") {
      if (node.startsWith("--")) found.push([path, node]);
    } else if (node && typeof node === "object") {
      for (const key of Object.keys(node)) {
        if (!LISTS.has(key)) tokensOf(node[key], [...path, key], found);
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

  /* a figure from Python, ready for plotly; what is needed later is kept in layout.meta */
  function prepare(figure, meta = {}) {
    pulse.needCharts(); // see 01-plotly.js
    const ready = structuredClone(figure);
    localise(ready.layout);
    const tokens = tokensOf(ready);
    paintTokens(ready, tokens);
    if (matchMedia("(pointer: coarse)").matches) ready.layout.dragmode = false;
    ready.layout.meta = { ...meta, tokens };
    return ready;
  }

  /* A new figure is seen as the reader moved or zoomed the one before, where it is of the same kind
     (uirevision): dcc.Graph forgets what plotly would keep. A double click lets go. */
  function keepView(ready, id) {
    const gd = drawn(id);
    if (!gd || gd.layout.uirevision !== ready.layout.uirevision) return ready;
    for (const name of ["xaxis", "yaxis"]) {
      const { autorange, range } = gd.layout[name];
      if (autorange === false) Object.assign(ready.layout[name], { autorange, range: [...range] });
    }
    return ready;
  }

  /* When the reader moves a chart, dcc.Graph draws it from the layout it was given last, in which
     what scripts changed since is missing. So it is given what is on the screen, after it has set
     its own, which is when it matters: ticks hand nothing on. The lists are those that are drawn. */
  function keepWhenMoved(gd) {
    if (gd.dataset.kept) return;
    gd.dataset.kept = "yes";
    gd.on("plotly_relayout", (change) => {
      if ("autosize" in change) return;
      const figure = { data: gd.data, layout: { ...gd.layout } };
      const { id } = gd.closest(".dash-graph");
      Promise.resolve().then(() => window.dash_clientside.set_props(id, { figure }));
    });
  }

  /* draws what a script changed in the layout, so that it lasts */
  function redraw(gd) {
    keepWhenMoved(gd);
    window.Plotly.redraw(gd);
  }

  /* Plotly resizes a chart 100 ms after it is asked to, as every new chart is. A drag that has begun by
     then moves axes that are no more, and is lost: what is due is done before. */
  function resizeBefore({ target }) {
    const gd = target.closest(".js-plotly-plot");
    const resized = gd && gd._resolveResize; // there while a resize is due
    if (!resized) return;
    clearTimeout(gd._redrawTimer);
    delete gd._resolveResize;
    window.Plotly.relayout(gd, { autosize: true }).then(() => resized(gd));
  }
  for (const start of ["mousedown", "touchstart"]) {
    document.addEventListener(start, resizeBefore, { capture: true, passive: true });
  }

  function repaint() {
    for (const gd of document.querySelectorAll(".js-plotly-plot")) {
      if (!gd.layout || !gd.layout.meta) continue;
      paintTokens(gd, gd.layout.meta.tokens);
      redraw(gd);
    }
  }

  pulse.charts = { drawn, trace, token, tokensOf, paintTokens, localise, prepare, keepView, redraw, repaint };
})();
