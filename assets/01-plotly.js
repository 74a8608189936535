/* Price and forecasts come before charts: plotly (4.8 MB) would keep the page busy just when
   they could be shown, so it is asked for when the first figure has come and the page was
   painted with what came with it. dcc.Graph waits for `window.Plotly`, also where that is a
   promise; plotly's own script puts itself in its place.

   A promise that failed would take every chart down for good, and what stands beside it. So it
   never does: a request that fails is repeated until it succeeds, and from the second failure on
   the page says that charts are missing. */
(function () {
  "use strict";
  const FIRST_PAUSE_MS = 1000;
  const LONGEST_PAUSE_MS = 30000;
  const SAID_AFTER = 2;
  let wanted;
  const figure = new Promise((resolve) => { wanted = resolve; });

  /* a hidden tab is never painted: there it is not waited for */
  const painted = () => new Promise((resolve) => {
    if (document.hidden) return resolve();
    return requestAnimationFrame(() => setTimeout(resolve, 0));
  });

  const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

  /* whether plotly is there now; an answer that is no script counts as none */
  const attempt = () => new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = window._dashPlotlyJSURL;
    script.onload = () => resolve(Boolean(window.Plotly.newPlot));
    script.onerror = () => { script.remove(); resolve(false); };
    document.head.append(script);
  });

  async function load() {
    const { dataset } = document.documentElement;
    for (let failures = 0; !(await attempt());) {
      failures += 1;
      if (failures >= SAID_AFTER) dataset.charts = "missing";
      await pause(Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS));
    }
    delete dataset.charts;
  }

  window.Plotly = figure.then(painted).then(load);
  window.pulse.needCharts = wanted;
})();
