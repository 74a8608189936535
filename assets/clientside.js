/* The functions that callbacks name (callbacks/clientside.py). Each is thin: the work is in
   tick.js, live-*.js, charts.js and shell.js. */
(function () {
  "use strict";
  const { pulse } = window;
  const no = () => window.dash_clientside.no_update;

  /* The chart is asked for as soon as its page opens, without waiting for the first tick. */
  const open = (spec) => spec ? pulse.live.askFirst() : no();

  /* Draws a tick; returns its market where that is another than before. */
  function draw(data, holdings) {
    pulse.show(data, holdings);
    pulse.live.markTools();
    pulse.live.addPoint(data);
    const market = data.market && data.market !== pulse.market ? data.market : no();
    pulse.market = data.market || pulse.market;
    return market;
  }

  /* Live asks for the new version where one is announced; Portfolio draws ticks only. */
  function tick(data, holdings) {
    if (!data) return [no(), no()];
    const market = draw(data, holdings);
    const due = data.v != null && document.getElementById(pulse.live.ID) && pulse.live.isDue(data.v);
    return [due ? inTurn(data) : no(), market];
  }

  /* Where very many pages are open (callbacks/crowd.py), each waits for its turn to draw the
     new candle; a chart that is not there yet never waits. */
  let turn = null;
  function inTurn(data) {
    const { live } = pulse;
    if (!data.turns || !pulse.charts.drawn(live.ID)) return live.ask(data.v);
    const { id } = window.dash_clientside.callback_context.outputs_list[0];
    turn = turn || setTimeout(() => {
      turn = null;
      const { v } = pulse.seen.tick;
      if (v != null && pulse.charts.drawn(live.ID) && live.isDue(v)) {
        window.dash_clientside.set_props(id, { data: live.ask(v) });
      }
    }, 1000 * data.turns * Math.random());
    return no();
  }

  /* A step changes the figure that is there and hands it back, so that dcc.Graph, when it
     draws again for a reason of its own, does not return to the figure of the first load. */
  function liveFigure(paint, spec, interval) {
    if (!paint) return no();
    const { live } = pulse;
    if (paint.spec !== spec) { // of the page before, which has the same ids
      live.lose();
      setTimeout(() => pulse.tickNow(interval), 0);
      return no();
    }
    const figure = paint.kind === "full" ? live.whole(paint) : live.step(paint);
    if (figure) live.receive(paint.v);
    return figure || no();
  }

  /* A trade is on the chart as soon as it is in the log. */
  const tradeMarks = (stored) => pulse.live.withTrades(stored) || no();

  function healthTick(data, need, holdings, ...shown) {
    if (!data) return [no(), no()];
    const market = draw(data, holdings);
    return [(data.v != null && pulse.health.ask(data.v, need, ...shown)) || no(), market];
  }

  const healthAnswered = (tables, scores, need, ...page) =>
    pulse.health.answered(need, tables, scores, ...page);

  /* One figure for each chart that the callback names. */
  function figures(scores, spec, choice) {
    const { outputs_list: charts } = window.dash_clientside.callback_context;
    const { prepare, keepView } = pulse.charts;
    const list = pulse.health.isOfPage(scores, spec, choice) ? scores.figures : [];
    return charts.map(({ id }, row) => list[row] ? keepView(prepare(list[row]), id) : no());
  }

  /* What is typed, as typed: the component gives null for a number outside its range, which
     would read as "left blank". */
  function typed(id) {
    const input = document.getElementById(id);
    return input.validity.badInput ? "this text" : input.value;
  }

  function collect(clicks, names) {
    if (!clicks) return no();
    return Object.fromEntries(names.map((name) => [name, typed(`control-${name}`)]));
  }

  /* `asked` tells two wishes for the same pair apart. */
  const collectPair = (clicks, submits, pair) =>
    clicks || submits ? { pair, asked: [clicks || 0, submits || 0] } : no();

  /* Keeps the forecast in the address when the page changes; marks the page that is open. */
  function navigate(pathname, search) {
    const links = [["live", "/"], ["health", "/model-health"], ["portfolio", "/portfolio"]];
    for (const kind of ["nav", "tab"]) {
      for (const [page, path] of links) {
        const link = document.getElementById(`${kind}-${page}`);
        if (!link) continue;
        if (path === pathname) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
      }
    }
    pulse.closeDialog(pulse.CONTROLS);
    if (pathname === "/model-health") pulse.needCharts(); // its charts come with its first answer
    document.dispatchEvent(new CustomEvent("pulse:navigate"));
    const hrefs = links.map(([, path]) => path + (search || ""));
    return [...hrefs, ...hrefs];
  }

  function pickTicker(ticker, spec, search) {
    if (!ticker || (spec || "").split("?")[0] === ticker) return no();
    const query = new URLSearchParams(search || "");
    query.set("ticker", ticker);
    return "?" + query.toString();
  }

  /* A pair that cannot be followed is no choice: it stays only as the name of what is shown. */
  function markTicker(data, options, ticker) {
    if (!data || !options) return no();
    const failed = data.state === "failed";
    const shown = options.find((option) => option.value === ticker);
    if (!shown || Boolean(shown.disabled) === failed) return no();
    const label = failed ? `${ticker}, no forecast` : ticker;
    return options.map((option) => option === shown ? { ...option, label, disabled: failed } : option);
  }

  const looked = (data, known) => data && data.looked && data.looked !== known ? data.looked : no();

  /* What this browser noted of the ledger is looked up once a candle, for the market it shows. */
  function witnessed(data, known) {
    if (!data || !data.ledger) return no();
    const seen = `${data.market} ${data.v}`;
    return seen === known ? no() : seen;
  }

  /* Other wishes leave alone what is typed into the field and not applied yet. */
  const toldRefresh = new WeakMap(); /* field -> what it was last told */
  function refreshValue(stored) {
    const field = document.getElementById("control-refresh");
    const value = pulse.addressedRefresh() ?? pulse.prefs.clean(stored).refresh;
    if (field && toldRefresh.get(field) === value) return no();
    if (field) toldRefresh.set(field, value);
    return value;
  }

  let wasPaused = false;
  function pace(stored, id) {
    pulse.prefs.accept(stored);
    pulse.fill();
    const paused = pulse.paused();
    if (wasPaused && !paused) setTimeout(() => pulse.tickNow(id), 0);
    wasPaused = paused;
    pulse.markPause();
    return [1000 * pulse.refreshSeconds(), pulse.isIdle()];
  }

  pulse.offer({
    tick, healthTick, healthAnswered, liveFigure, tradeMarks, figures, open, collect, collectPair,
    navigate, pickTicker, markTicker, looked, witnessed, refreshValue, pace,
  });
})();
