/* What needs no server and no callback: theme, CSV export, the hidden tab. */
(function () {
  "use strict";
  const { pulse } = window;
  const root = document.documentElement;
  const WISHES = ["system", "dark", "light"];
  const system = matchMedia("(prefers-color-scheme: light)");
  pulse.paused = () => pulse.prefs.get("paused");
  pulse.refreshSeconds = () => pulse.addressedRefresh() ?? pulse.prefs.get("refresh");
  /* A hidden page rests, unless it shall be heard or shall notify. */
  const isHeard = () => pulse.prefs.get("sound") || pulse.prefs.get("notify");
  pulse.isIdle = () => pulse.paused() || (document.hidden && !isHeard());
  /* At once, not when Dash has stored the wish: what was pressed must be seen to be. */
  pulse.markPause = () => document.querySelector("[data-pause]")
    ?.setAttribute("aria-pressed", String(pulse.paused()));
  pulse.refreshText = () => pulse.paused() ? "paused" : `${pulse.refreshSeconds()} s`;

  /* what was on screen while nobody looked is old: the next tick does not wait its turn */
  pulse.tickNow = (id) => window.dash_clientside.set_props(id, { n_intervals: Date.now() });

  /* A tick at once, also of a paused page; never a training. */
  const PATIENCE_MS = 10000;
  function refreshPrices() {
    const button = document.querySelector("button.refresh");
    if (!button || button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    pulse.tickNow(`${document.querySelector(".page-root").dataset.page}-interval`);
    setTimeout(() => {
      if (button.getAttribute("aria-busy") !== "true") return;
      button.removeAttribute("aria-busy");
      pulse.toast({ kind: "error", title: "Not refreshed", text: "The server does not answer." });
    }, PATIENCE_MS);
  }

  pulse.prefs.onChange(pulse.markPause);
  pulse.onTick(() => document.querySelector("button.refresh")?.removeAttribute("aria-busy"));
  pulse.refreshPrices = refreshPrices;

  function applyTheme(wish) {
    const light = wish === "light" || (wish === "system" && system.matches);
    root.dataset.theme = root.dataset.bsTheme = light ? "light" : "dark";
    root.dataset.themeWish = wish;
    const button = document.getElementById("theme");
    if (button) button.title = `Theme: ${wish}`;
    if (window.Plotly) pulse.charts.repaint();
  }

  function nextTheme() {
    const wish = WISHES[(WISHES.indexOf(root.dataset.themeWish) + 1) % WISHES.length];
    try { localStorage.setItem("theme", wish); } catch (error) { console.info("Theme is not kept:", error.message); }
    applyTheme(wish);
  }

  system.addEventListener("change", () => applyTheme(root.dataset.themeWish));

  function plain(cell) {
    if (cell.dataset.value !== undefined) return cell.dataset.value;
    const time = cell.querySelector("time");
    return time ? time.title : cell.textContent;
  }

  const quoted = (text) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

  function saveTable(id, name) {
    const table = document.getElementById(id);
    if (!table) return;
    const lines = [...table.rows].map((row) => [...row.cells].map(plain).map(quoted).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
    link.download = `${name}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "theme") nextTheme();
    if (button.id === "live-copy") pulse.copyLink();
    if ("pause" in button.dataset) pulse.prefs.set({ paused: !pulse.paused() });
    if (button.matches(".refresh")) refreshPrices();
    if (button.dataset.export) saveTable(button.dataset.export, button.dataset.file);
  });

  document.addEventListener("visibilitychange", function () {
    const page = document.querySelector(".page-root");
    if (!page) return;
    const id = `${page.dataset.page}-interval`;
    window.dash_clientside.set_props(id, { disabled: pulse.isIdle() });
    if (document.hidden) return;
    pulse.seen.at = Date.now();
    if (!pulse.paused()) pulse.tickNow(id);
  });
})();
