/* "Live vs predicted": what a tick changes besides the price: time without candles, forecasts
   whose time has passed, the name of the newest candle. */
(function () {
  "use strict";
  const { pulse } = window;
  const live = (pulse.live = pulse.live || {});
  const { trace, token } = pulse.charts;
  const LATE = 90000;
  const FAN = ["95", "80", "50"].flatMap((level) => [`fan-${level}-low`, `fan-${level}-high`]);
  const AHEAD = ["long", "path", "no-change", ...FAN];

  const late = (tick) => tick.state !== "ok" && tick.state !== "simulated" && tick.now - tick.candle > LATE;

  /* "Now" is not true of the last candle of a late market, nor of one that stands still. */
  function nameLast(layout, tick) {
    const [mark] = layout.annotations;
    const over = tick && (tick.frozen || late(tick));
    const text = over ? mark.text.replace("now", "last candle") : mark.text.replace("last candle", "now");
    if (text === mark.text) return false;
    mark.text = text;
    mark.font.color = token(over ? "--ch-warn" : "--text");
    return true;
  }

  /* Time without candles is an amber span. */
  function markStale(gd, tick) {
    const shapes = gd.layout.shapes.filter((shape) => shape.name !== "stale");
    const renamed = nameLast(gd.layout, tick);
    if (!renamed && !late(tick) && shapes.length === gd.layout.shapes.length) return false;
    const span = {
      name: "stale", type: "rect", x0: gd.layout.meta.last, x1: tick.now,
      yref: "paper", y0: 0, y1: 1, line: { width: 0 }, layer: "below", fillcolor: token("--warn-soft"),
    };
    gd.layout.shapes = late(tick) ? [...shapes, span] : shapes;
    live.label(gd);
    return true;
  }

  /* What was forecast for a time that has passed is not drawn as what is to come. */
  function markExpired(gd, tick) {
    const now = tick ? tick.now : gd.layout.meta.last;
    const ahead = (uid) => !(trace(gd, uid).x[0] <= now);
    const wanted = { minute: live.isShort() && ahead("minute") };
    for (const uid of AHEAD) wanted[uid] = ahead("long");
    const wrong = Object.keys(wanted).filter((uid) => (trace(gd, uid).visible !== false) !== wanted[uid]);
    for (const uid of wrong) trace(gd, uid).visible = wanted[uid];
    for (const note of gd.layout.annotations.slice(1, -1)) note.visible = wanted.long;
    return wrong.length > 0;
  }

  Object.assign(live, { nameLast, markStale, markExpired });
})();
