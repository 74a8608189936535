/* The profit curve: a point a refresh, in the browser's store, and the chart of it. A point is
   [time, profit in USD]; profit is null where nobody watched or no price came, so that no line is drawn there. */
(function () {
  "use strict";
  const { pulse } = window;
  const { drawn, prepare } = pulse.charts;
  const LEAST_SHOWN_MS = 20000; // an axis of one moment would say the same time again and again
  const no = () => window.dash_clientside.no_update;
  let unwatched = false;

  /* x and y of the line, and of the ground under it, which falls to zero beside a gap */
  function traces(points) {
    const line = { x: points.map((p) => p[0]), y: points.map((p) => p[1]) };
    const ground = { x: [], y: [] };
    const add = (x, y) => { ground.x.push(x); ground.y.push(y); };
    points.forEach(([time, profit], i) => {
      if (profit !== null) return add(time, profit);
      if (i > 0) add(points[i - 1][0], 0);
      return i + 1 < points.length ? add(points[i + 1][0], 0) : undefined;
    });
    return { line, ground };
  }

  function whole(base, points, key) {
    const figure = structuredClone(base);
    const { line, ground } = traces(points);
    const [series, filled] = figure.data;
    Object.assign(series, line);
    Object.assign(filled, ground);
    const losing = points.at(-1)[1] < 0;
    series.line.color = series.marker.color = losing ? "--ch-down" : "--ch-up";
    filled.fillcolor = losing ? "--down-soft" : "--up-soft";
    figure.layout.xaxis.autorangeoptions = { include: points[0][0] + LEAST_SHOWN_MS };
    return prepare(figure, { key, losing, first: points[0][0] });
  }

  /* true where the drawn chart took the point; false where it must be drawn whole */
  function extend(id, key, points) {
    const gd = drawn(id);
    const [time, profit] = points.at(-1);
    if (!gd || gd.layout.meta.key !== key || gd.layout.meta.first !== points[0][0]) return false;
    if (gd.data[0].x.length !== points.length - 1) return false;
    if (gd.data[0].x.at(-1) !== (points.at(-2) || [])[0]) return false;
    if (Boolean(gd.layout.meta.losing) !== profit < 0) return false;
    window.Plotly.extendTraces(gd, { x: [[time], [time]], y: [[profit], [profit]] }, [0, 1]);
    return true;
  }

  /* Old points thin out where there are too many: the curve begins with the purchase. */
  function bounded(points) {
    if (points.length <= pulse.keeping.MOST_POINTS) return points;
    const half = Math.floor(points.length / 2);
    return points.filter(([, profit], i) => i >= half || i === 0 || i % 2 === 0 || profit === null)
      .slice(-pulse.keeping.MOST_POINTS);
  }

  /* Time that was not watched, hidden, paused or with no page open, is a gap. */
  function gapBefore(points, now) {
    if (!points.length) return [];
    const [last, profit] = points.at(-1);
    const refresh = 1000 * pulse.refreshSeconds();
    const missed = now - last > (unwatched ? 1.5 * refresh : 2 * refresh + 4000);
    return missed && profit !== null && now > last + 1 ? [[last + 1, null]] : [];
  }

  function withPoint(points, point) {
    const grown = bounded([...points, ...gapBefore(points, point[0]), point]);
    unwatched = false;
    return grown;
  }

  /* another tab watches the same position, and has just added its point */
  const isFresh = (points, now) => points.length > 0 && points.at(-1)[1] !== null &&
    now - points.at(-1)[0] < 500 * pulse.refreshSeconds();

  function profit(data, holdings, stored, base, id) {
    const position = data && holdings && holdings[data.market];
    const hold = data && data.hold;
    if (!position || !hold || hold[3] !== position.bought_at) return [no(), no()];
    if (pulse.keeping.isDamaged("profit-points")) return [no(), no()];
    const key = `${data.market}|${position.ticker}|${position.bought_at}`;
    const points = stored && stored.v === 1 && stored.key === key ? stored.points : [];
    const isOld = Boolean(hold[4]);
    unwatched = unwatched || isOld; // a price that is not the present one makes no point, but a gap
    if (isOld && !points.length) return [no(), no()];
    if (points.length && (isOld || data.frozen || isFresh(points, data.now))) {
      return redraw(id, key, points, base);
    }
    const grown = withPoint(points, [data.now, hold[1]]); // never -0: see _rounded in callbacks/ticks.py
    const figure = extend(id, key, grown) ? no() : whole(base, grown, key);
    return [figure, { v: 1, key, points: grown }];
  }

  /* the curve as it is kept, where the chart shows another */
  function redraw(id, key, points, base) {
    const gd = drawn(id);
    const same = gd && gd.layout.meta.key === key && gd.data[0].x.at(-1) === points.at(-1)[0];
    return [same ? no() : whole(base, points, key), no()];
  }

  document.addEventListener("visibilitychange", () => { unwatched = unwatched || document.hidden; });

  /* preferences.js is read before this */
  pulse.prefs.onChange((wishes) => { unwatched = unwatched || wishes.paused; });
  pulse.offer({ profit });
})();
