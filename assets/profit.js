/* The profit chart: a point a tick, drawn whole when it starts again. */
(function () {
  "use strict";
  const pulse = (window.pulse = window.pulse || {});
  const { drawn, prepare } = pulse.charts;

  function wholeProfit(base, points, key) {
    const figure = structuredClone(base);
    const series = figure.data[0];
    series.x = points.map((p) => p[0]);
    series.y = points.map((p) => p[1]);
    const losing = points.length && points[points.length - 1][1] < 0;
    const colour = losing ? "--ch-down" : "--ch-up";
    series.line.color = series.marker.color = colour;
    series.fillcolor = losing ? "--down-soft" : "--up-soft";
    return prepare(figure, { key, losing });
  }

  /* true where the drawn chart took the point; false where it must be drawn whole */
  function addProfitPoint(id, key, count, point) {
    const gd = drawn(id);
    if (!gd || gd.layout.meta.key !== key || gd.data[0].x.length !== count - 1) return false;
    if (Boolean(gd.layout.meta.losing) !== point[1] < 0) return false;
    window.Plotly.extendTraces(gd, { x: [[point[0]]], y: [[point[1]]] }, [0]);
    return true;
  }

  pulse.profit = { whole: wholeProfit, add: addProfitPoint };
})();
