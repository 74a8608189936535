/* Keys. They do what buttons do; the sheet that lists them is components/shortcuts.py. */
(function () {
  "use strict";
  const { pulse } = window;
  const RANGES = [15, 60, 180, 480, 1440];
  const page = () => document.querySelector(".page-root")?.dataset.page;
  const press = (id) => document.getElementById(id)?.click();

  function focusOn(id) {
    const element = document.getElementById(id);
    if (!element) return;
    element.focus();
    element.scrollIntoView({ block: "nearest" });
  }

  const swap = (name, one, other) =>
    pulse.prefs.set({ [name]: pulse.prefs.get(name) === one ? other : one });

  function range(step) {
    const place = RANGES.indexOf(pulse.live.minutes());
    const minutes = RANGES[Math.min(Math.max(place + step, 0), RANGES.length - 1)];
    pulse.prefs.set({ minutes });
  }

  const KEYS = {
    r: () => pulse.refreshPrices(),
    p: () => press(`${page()}-pause`),
    t: () => press("theme"),
    k: () => pulse.copyLink(),
    l: () => swap("draw", "line", "candles"),
    f: () => swap("scale", "fit", "two"),
    "[": () => range(-1),
    "]": () => range(1),
    "+": () => pulse.live.zoomBy(1),
    "-": () => pulse.live.zoomBy(-1),
    i: () => focusOn(`${page()}-amount`),
    s: () => focusOn(`${page()}-sell`),
    1: () => press("nav-live"),
    2: () => press("nav-health"),
    3: () => press("nav-portfolio"),
    "?": () => pulse.openDialog("shortcuts"),
  };

  const isTyping = (element) =>
    element.closest("input, textarea, select, [contenteditable=true], [role=grid]") !== null;

  /* brackets are typed with AltGr on many keyboards, which browsers report as Ctrl and Alt */
  const isModified = (event) => event.metaKey ||
    ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph"));

  /* Who speaks to the computer, or touches keys by chance, can switch them off. */
  const isOff = (key) => key !== "?" && !pulse.prefs.get("keys");

  function markSwitch() {
    const button = document.querySelector("[data-keys-switch]");
    if (button) button.setAttribute("aria-checked", String(pulse.prefs.get("keys")));
  }

  document.addEventListener("DOMContentLoaded", () => pulse.prefs.onChange(markSwitch));
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-switch]")) pulse.prefs.set({ keys: !pulse.prefs.get("keys") });
  });
  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.repeat || isModified(event)) return;
    if (isTyping(event.target) || document.querySelector("dialog:modal")) return;
    const act = Object.hasOwn(KEYS, event.key) ? KEYS[event.key] : null;
    if (!act || isOff(event.key)) return;
    event.preventDefault(); // or the key would be typed into the field that it focuses
    act();
  });
})();
