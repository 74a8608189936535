/* The functions that callbacks name (callbacks/clientside.py). Each is thin: the work is in
   tick.js, charts.js and shell.js. */
(function () {
  "use strict";
  const pulse = (window.pulse = window.pulse || {});
  window.dash_clientside = window.dash_clientside || {};
  const no = () => window.dash_clientside.no_update;
  const MOST_POINTS = 2400;
  const MOST_TRADES = 500;

  const clean = (stored) => {
    const known = stored && stored.v === 1 ? stored : {};
    const refresh = Number.isInteger(known.refresh) && known.refresh >= 3 && known.refresh <= 60
      ? known.refresh : 3;
    return { v: 1, refresh, paused: known.paused === true };
  };
  const triggered = () => {
    const context = window.dash_clientside.callback_context;
    return context.triggered.length ? context.triggered[0].prop_id : "";
  };

  /* Draws the tick; asks for the new version where one is announced. */
  function tick(data, need, holdings) {
    if (!data) return [no(), no()];
    pulse.show(data, holdings);
    pulse.charts.markRange();
    pulse.charts.addLivePoint("live-chart", data);
    const asked = data.v == null || (need && need.v === data.v) ? no() : inTurn(data);
    const market = data.market && data.market !== pulse.market ? data.market : no();
    pulse.market = data.market || pulse.market;
    return [asked, market];
  }

  function version(v) {
    const gd = pulse.charts.drawn("live-chart");
    if (!gd) return { v };
    const { last, cutoff, provider } = gd.layout.meta;
    return { v, since: last, cutoff, provider };
  }

  /* Where very many pages are open (callbacks/crowd.py), each waits for its turn to draw the
     new candle; a chart that is not there yet never waits. */
  let turn = null;
  function inTurn(data) {
    const asked = version(data.v);
    if (!data.turns || !asked.since) return asked;
    const { id } = window.dash_clientside.callback_context.outputs_list[0];
    turn = turn || setTimeout(() => {
      turn = null;
      const { v } = pulse.seen.tick;
      if (v != null && pulse.charts.drawn("live-chart")) {
        window.dash_clientside.set_props(id, { data: version(v) });
      }
    }, 1000 * data.turns * Math.random());
    return no();
  }

  /* A step changes the figure that is there and hands it back, so that dcc.Graph, when it
     draws again for a reason of its own, does not return to the figure of the first load. */
  function liveFigure(paint) {
    if (!paint) return no();
    if (paint.kind === "full") return pulse.charts.wholeLive(paint);
    return pulse.charts.stepLive("live-chart", paint) || no();
  }

  const figure = (data) => data ? pulse.charts.prepare(data) : no();

  /* One profit point a tick, kept for the session; the curve restarts with the position. */
  function profit(data, holdings, stored, base, id) {
    const position = data && holdings && holdings[data.market];
    const hold = data && data.hold;
    if (!position || !hold || hold[3] !== position.bought_at) return [no(), no()];
    const key = `${data.market}|${position.ticker}|${position.bought_at}`;
    const same = stored && stored.v === 1 && stored.key === key && Array.isArray(stored.points);
    const last = same && stored.points.at(-1);
    if (data.frozen && last && last[0] === data.now) return [no(), no()];
    const point = [data.now, hold[1]]; // never -0: see _rounded in callbacks/ticks.py
    const points = [...(same ? stored.points : []), point].slice(-MOST_POINTS);
    const extended = pulse.profit.add(id, key, points.length, point);
    const whole = extended ? no() : pulse.profit.whole(base, points, key);
    return [whole, { v: 1, key, points }];
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

  const say = (id, sentence) => window.dash_clientside.set_props(id, { children: sentence });

  /* With a holding, setting an investment asks first: it sells, then buys. */
  function order(invest, sell, confirmed, amountId, data, holdings) {
    const by = triggered();
    const ask = { amount: typed(amountId), at: Date.now() };
    if (data && pulse.seen.tick && pulse.seen.tick.state === "offline") {
      say(amountId.replace("-amount", "-order-message"), "The server does not answer: nothing was traded.");
      return [no(), false, ""];
    }
    if (by.endsWith("sell.n_clicks")) return [{ ...ask, kind: "sell" }, false, ""];
    if (by.endsWith("confirm.submit_n_clicks")) return [{ ...ask, kind: "invest" }, false, ""];
    const held = holdings && data && holdings[data.market];
    const input = document.getElementById(amountId);
    const refused = !input.value || !input.checkValidity();
    if (!held || refused) return [{ ...ask, kind: "invest" }, false, ""];
    const elsewhere = held.provider && data.provider && held.provider !== data.provider
      ? `, which is ${pulse.format.provider(data.provider)}'s; it was bought at ` +
        `${pulse.format.provider(held.provider)}'s` : "";
    const question = `You hold ${held.ticker}. It is sold at the present price first${elsewhere}, ` +
      "then the new amount is invested and the profit curve starts again.";
    return [no(), true, question];
  }

  function appendTrades(made, stored) {
    if (!Array.isArray(made) || !made.length) return no();
    const before = stored && stored.v === 1 && Array.isArray(stored.list) ? stored.list : [];
    return { v: 1, list: [...before, ...made].slice(-MOST_TRADES) };
  }

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

  const refreshValue = (stored) => clean(stored).refresh;

  function pace(stored, id) {
    const wasPaused = pulse.paused();
    Object.assign(pulse.preferences, clean(stored));
    pulse.fill();
    if (wasPaused && !pulse.paused()) setTimeout(() => pulse.tickNow(id), 0);
    const button = document.getElementById(id.replace("-interval", "-pause"));
    if (button) button.setAttribute("aria-pressed", String(pulse.paused()));
    return [1000 * pulse.refreshSeconds(), document.hidden || pulse.paused()];
  }

  function pause(clicks, stored) {
    if (!clicks) return no();
    const known = clean(stored);
    return { ...known, paused: !known.paused };
  }

  window.dash_clientside.pulse = {
    tick, liveFigure, figure, profit, order, collect, appendTrades, navigate, pickTicker,
    markTicker, looked, refreshValue, pace, pause,
  };
})();
