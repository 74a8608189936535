/* "Live vs predicted", nearer and farther in time: keys, Ctrl and wheel, two fingers. What is
   zoomed is a view by hand, as one that was moved (live-view.js). */
(function () {
  "use strict";
  const { pulse } = window;
  const live = (pulse.live = pulse.live || {});
  const { trace } = pulse.charts;
  const STEP = 1.5; // of a key
  const PER_PIXEL = 1.0025; // of the wheel
  const LEAST = 5 * live.MINUTE;
  let wanted = null; /* {gd, factor, at}: all that came since the last picture */

  const timeAxis = (gd) => gd._fullLayout.xaxis;
  const viewOf = (axis) => axis.range.map((end) => axis.r2l(end));

  /* the time under a point of the screen */
  function timeAt(gd, clientX) {
    const axis = timeAxis(gd);
    return axis.p2l(clientX - gd.getBoundingClientRect().left - axis._offset);
  }

  /* [from, to] of all that is drawn, and of what is seen without the reader's hand */
  function whole(gd) {
    const { x } = trace(gd, "price"), { last } = gd.layout.meta;
    const [from, to] = live.span(gd);
    return [Math.min(from, x[0] ?? from), Math.max(to, last, ...trace(gd, "no-change").x)];
  }

  function zoomed(gd, factor, at) {
    const [from, to] = viewOf(timeAxis(gd)), [first, end] = whole(gd);
    const width = Math.min(Math.max(factor * (to - from), LEAST), end - first);
    const left = at - (at - from) * width / (to - from);
    const start = Math.min(Math.max(left, first), end - width);
    return [start, start + width];
  }

  function zoom(gd, factor, at) {
    if (!wanted) requestAnimationFrame(draw);
    wanted = { gd, at, factor: factor * (wanted ? wanted.factor : 1) };
  }

  function draw() {
    if (!wanted) return;
    const { gd, factor, at } = wanted;
    wanted = null;
    if (gd.isConnected) window.Plotly.relayout(gd, live.viewed(gd, zoomed(gd, factor, at)));
  }

  /* by keys: around the newest candle, or the middle where that is not seen */
  function zoomBy(step) {
    const gd = pulse.charts.drawn(live.ID);
    if (!gd || !gd._fullLayout) return;
    const [from, to] = viewOf(timeAxis(gd)), { last } = gd.layout.meta;
    zoom(gd, STEP ** -step, last > from && last < to ? last : (from + to) / 2);
  }

  /* A turned wheel moves the page; with Ctrl, as two fingers on a touchpad say it, it zooms. */
  function onWheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const pixels = event.deltaMode === 1 ? 16 * event.deltaY : event.deltaY;
    zoom(event.currentTarget, PER_PIXEL ** pixels, timeAt(event.currentTarget, event.clientX));
  }

  /* ---- two fingers ---- */

  let pinch = null; /* {at, apart} */
  const apart = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);

  function take(event) {
    event.preventDefault();
    event.stopPropagation(); // or plotly would move what is zoomed
  }

  function onTouchStart(event) {
    if (event.touches.length !== 2) return;
    take(event);
    const middle = (event.touches[0].clientX + event.touches[1].clientX) / 2;
    pinch = { at: timeAt(event.currentTarget, middle), apart: apart(event.touches) };
  }

  function onTouchMove(event) {
    if (!pinch) return;
    take(event);
    if (event.touches.length !== 2) return;
    const now = apart(event.touches);
    zoom(event.currentTarget, pinch.apart / now, pinch.at);
    pinch.apart = now;
  }

  /* Plotly ends what the first finger began with the view of then: ours is set once more. */
  function onTouchEnd(event) {
    if (!pinch || event.touches.length) return;
    const gd = event.currentTarget, { at } = pinch;
    const view = zoomed(gd, wanted ? wanted.factor : 1, at);
    pinch = wanted = null;
    setTimeout(() => window.Plotly.relayout(gd, live.viewed(gd, view)), 0);
  }

  function watchZoom(gd) {
    gd.addEventListener("wheel", onWheel, { passive: false });
    for (const [kind, heard] of [
      ["touchstart", onTouchStart], ["touchmove", onTouchMove],
      ["touchend", onTouchEnd], ["touchcancel", onTouchEnd],
    ]) gd.addEventListener(kind, heard, { capture: true, passive: false });
  }

  Object.assign(live, { zoomBy, watchZoom });
})();
