/* What needs no server and no callback: theme, range buttons, CSV export, the hidden tab. */
(function () {
  "use strict";
  const pulse = (window.pulse = window.pulse || {});
  const root = document.documentElement;
  const WISHES = ["system", "dark", "light"];
  const system = matchMedia("(prefers-color-scheme: light)");
  const preferences = { refresh: 3, paused: false };
  pulse.preferences = preferences;
  pulse.paused = () => preferences.paused;
  pulse.refreshSeconds = () => preferences.refresh;
  pulse.refreshText = () => preferences.paused ? "paused" : `${preferences.refresh} s`;

  /* what was on screen while nobody looked is old: the next tick does not wait its turn */
  pulse.tickNow = (id) => window.dash_clientside.set_props(id, { n_intervals: Date.now() });

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
    if (button.dataset.hours) pulse.charts.setRange(Number(button.dataset.hours));
    if (button.dataset.export) saveTable(button.dataset.export, button.dataset.file);
  });

  document.addEventListener("visibilitychange", function () {
    const page = document.querySelector(".page-root");
    if (!page) return;
    const id = `${page.dataset.page}-interval`;
    window.dash_clientside.set_props(id, { disabled: document.hidden || preferences.paused });
    if (document.hidden) return;
    pulse.seen.at = Date.now();
    if (!preferences.paused) pulse.tickNow(id);
  });
})();
