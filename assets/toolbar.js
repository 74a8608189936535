/* The tools of "Live vs predicted", and its legend: what is drawn, and nothing else. */
(function () {
  "use strict";
  const { pulse } = window;
  const live = (pulse.live = pulse.live || {});
  const { trace } = pulse.charts;
  const DRAWN_BY = ["draw", "scale", "minutes"];
  let applied = "";

  const wished = (name) => name === "minutes" ? live.minutes() : pulse.prefs.get(name);

  function markTools() {
    for (const button of document.querySelectorAll("[data-wish][data-value]")) {
      const { wish, value } = button.dataset;
      const chosen = String(wished(wish)) === value && !(wish === "minutes" && live.isByHand());
      button.setAttribute("aria-pressed", String(chosen));
    }
  }

  /* styles show of the legend what the panel says is drawn */
  function label(figure) {
    const panel = document.querySelector(".chart-panel");
    if (!panel) return;
    const some = (uid) => trace(figure, uid).x.length ? "yes" : "no";
    const gaps = figure.layout.shapes.some((shape) => shape.type === "rect");
    Object.assign(panel.dataset, {
      draw: pulse.prefs.get("draw"), buys: some("buys"), sells: some("sells"),
      gaps: gaps ? "yes" : "no",
    });
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("button[data-wish][data-value]");
    if (!button) return;
    const { wish, value } = button.dataset;
    const same = String(wished(wish)) === value;
    if (wish !== "draw") live.reset();
    if (same) live.apply();
    else pulse.prefs.set({ [wish]: wish === "minutes" ? Number(value) : value });
  });

  pulse.prefs.onChange(function () {
    markTools();
    const now = DRAWN_BY.map((name) => pulse.prefs.get(name)).join();
    if (now === applied) return;
    applied = now;
    live.apply();
  });

  Object.assign(live, { markTools, label });
})();
