/* Draws a tick: every [data-slot] of the page is written from the last tick received, each as
   slots.js says. */
(function () {
  "use strict";
  const { pulse } = window;
  const { seen } = pulse;
  const page = () => document.querySelector(".page-root");

  /* Another forecast is asked for: the figures of the one before are not its own. */
  function forget() {
    const { now, market, provider, since, frozen } = seen.tick;
    Object.assign(seen, { search: location.search, before: null });
    seen.tick = { now, market, provider, since, frozen, state: "preparing" };
  }

  function fill() {
    if (!seen.tick) return;
    if (seen.search !== location.search) forget();
    for (const element of document.querySelectorAll("[data-slot]")) {
      const writer = pulse.slots[element.dataset.slot];
      if (writer) writer(element, seen.tick);
    }
    for (const element of document.querySelectorAll("[data-held]")) {
      element.dataset.held = pulse.held() ? "yes" : "no";
      element.dataset.valued = pulse.worth() ? "yes" : "no";
      element.dataset.old = pulse.oldPriceTime() ? "yes" : "no";
    }
  }

  function tint(change) {
    const element = document.querySelector(".price");
    if (!element || !change) return;
    element.classList.remove("tint-up", "tint-down");
    void element.offsetWidth; // restarts the animation
    element.classList.add(change > 0 ? "tint-up" : "tint-down");
  }

  /* The training that was asked for has run; how the models do stands above the answer. */
  function tellTrained(at) {
    const answer = document.getElementById("live-retrain-answer");
    if (!answer || !answer.textContent) return;
    const children = `Done: both models are new since ${pulse.format.local(at, "seconds")}.`;
    window.dash_clientside.set_props(answer.id, { children });
  }

  function show(tick, holdings) {
    const root = page();
    if (!root) return;
    const price = seen.tick && seen.tick.price;
    const key = [root.dataset.page, location.search, pulse.source(tick)].join();
    const same = seen.key === key;
    if (same && seen.tick.models < tick.models) tellTrained(tick.models);
    const stoodStill = seen.tick && seen.tick.frozen;
    seen.before = same ? price : null;
    const at = Date.now();
    Object.assign(seen, { tick, holdings, key, search: location.search, at, toldAt: at });
    root.dataset.state = tick.state;
    root.dataset.ready = tick.v == null ? "no" : "yes";
    root.dataset.frozen = tick.frozen ? "yes" : "no";
    pulse.cues.take(tick);
    fill();
    if (Boolean(stoodStill) !== Boolean(tick.frozen)) writeMoments(document);
    if (seen.before != null && tick.price != null) tint(tick.price - seen.before);
    pulse.tellOfTick(tick);
  }

  /* the server itself may be gone: then nothing on screen is new, and the page says so */
  setInterval(function () {
    const root = page();
    if (!root || !seen.tick || document.hidden || pulse.paused()) return;
    const silence = (Date.now() - seen.at) / 1000;
    if (silence < 2 * pulse.refreshSeconds() + 4) return;
    seen.tick = {
      ...seen.tick, state: "offline",
      note: `The server has not answered for ${pulse.format.duration(silence)}. What is shown is old.`,
    };
    root.dataset.state = "offline";
    fill();
  }, 1000);

  /* forecasts expire between ticks too, and while the page is paused */
  setInterval(function () {
    if (!seen.tick || document.hidden) return;
    for (const element of document.querySelectorAll("[data-target]")) {
      pulse.slots[element.dataset.slot](element, seen.tick);
    }
  }, 1000);

  /* What a market that stands still forecast may be for another day. */
  const styleOf = (element) =>
    seen.tick && seen.tick.frozen && element.closest(".cell-forecast") ? "date" : element.dataset.style;

  function writeMoments(root) {
    for (const element of root.querySelectorAll("time[datetime]")) {
      pulse.write(element, pulse.format.local(Date.parse(element.getAttribute("datetime")), styleOf(element)));
    }
  }

  const ours = "[data-slot], time[datetime]";
  const arrives = (node) => node.nodeType === 1 && node.namespaceURI.endsWith("xhtml") &&
    (node.matches(ours) || node.querySelector(ours));

  /* The page of the first layout brings its tick with it. */
  function takeFirst() {
    const root = page();
    if (!root || !root.dataset.first || seen.tick) return;
    show(JSON.parse(root.dataset.first), null);
  }

  /* what React puts on the page later is written as soon as it is there */
  new MutationObserver(function (changes) {
    takeFirst();
    const fresh = changes.some((change) =>
      change.type === "attributes" || [...change.addedNodes].some(arrives));
    if (!fresh) return;
    writeMoments(document);
    fill();
  }).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["datetime"],
  });

  pulse.show = show;
  pulse.fill = fill;
})();
