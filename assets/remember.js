/* The forecast looked at last, and addresses: what an address names wins over what is kept here,
   and that over the default. */
(function () {
  "use strict";
  const { pulse } = window;
  const NAMES = [
    "ticker", "max_points", "train_window", "minute_horizon", "long_horizon_steps", "intraday_days",
  ];
  const PAGES = ["/", "/model-health", "/portfolio"];
  const SPEC = /^\?ticker=[A-Z0-9]{2,15}-USD(&[a-z_]+=\d+)*$/;
  const namesForecast = (search) => NAMES.some((name) => new URLSearchParams(search).has(name));

  /* Done before Dash reads the address, so that no other forecast is shown first, and without a
     step in the browser's history. */
  function restore() {
    const last = pulse.prefs.get("spec");
    if (!SPEC.test(last) || !PAGES.includes(location.pathname)) return;
    if (namesForecast(location.search)) return;
    const query = new URLSearchParams(location.search);
    for (const [name, value] of new URLSearchParams(last)) query.set(name, value);
    history.replaceState(history.state, "", `${location.pathname}?${query}${location.hash}`);
  }

  /* the page's own forecast as an address, "?ticker=ETH-USD&minute_horizon=5" */
  function specSearch() {
    const root = document.querySelector(".page-root");
    const [ticker, rest] = root ? root.dataset.spec.split("?") : [""];
    return ticker ? `?ticker=${ticker}${rest ? "&" + rest : ""}` : "";
  }

  /* A forecast is remembered once there is one. The default has no name of its own: whoever
     returns to it is forgotten. Each page is noted once, or two tabs would outdo each other. */
  let noted = null;
  function remember(tick) {
    const here = location.pathname + location.search;
    if (tick.v == null || noted === here) return;
    noted = here;
    const refused = document.getElementById("parameter-notice");
    const spec = namesForecast(location.search) && !refused ? specSearch() : "";
    if (spec !== pulse.prefs.get("spec")) pulse.prefs.set({ spec });
  }

  /* seconds that the address asks for, or null */
  function addressedRefresh() {
    const text = new URLSearchParams(location.search).get("refresh");
    const known = pulse.prefs.clean({ v: 1, refresh: /^\d+$/.test(text) ? Number(text) : null });
    return text && known.refresh === Number(text) ? known.refresh : null;
  }

  /* Back to the default. Where that is what the address shows already, no other page comes, and
     the fields return to what they were opened with. */
  function reset(fields) {
    pulse.prefs.set({ spec: "", refresh: 3 });
    if (location.search) return;
    for (const [name, value] of Object.entries(JSON.parse(fields.dataset.values))) {
      window.dash_clientside.set_props(`control-${name}`, { value, invalid: false });
      window.dash_clientside.set_props(`control-${name}-error`, { children: "" });
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#live-reset")) reset(document.querySelector("[data-values]"));
  });

  function link() {
    return `${location.origin}${location.pathname}${specSearch() || "?"}&refresh=${pulse.refreshSeconds()}`;
  }

  /* Without a secure connection a browser has no clipboard for scripts, only a command. */
  async function toClipboard(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("The browser refused.");
  }

  async function copyLink() {
    const text = link();
    try {
      await toClipboard(text);
      pulse.toast({ kind: "done", title: "Copied", text });
    } catch (error) {
      pulse.toast({ kind: "error", title: "Not copied", text: `Copy it yourself: ${text}` });
    }
  }

  /* What Dash asks for when its own scripts are there. The page is read from the address. */
  const ASKED = ["/_dash-layout", "/_dash-dependencies"];
  function askAhead() {
    for (const href of ASKED) {
      const ahead = Object.assign(document.createElement("link"), { rel: "preload", href });
      ahead.setAttribute("as", "fetch");
      ahead.crossOrigin = "anonymous";
      document.head.append(ahead);
    }
  }

  restore();
  askAhead();
  pulse.onTick(remember);
  Object.assign(pulse, { addressedRefresh, copyLink });
})();
