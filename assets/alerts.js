/* Price alerts of the reader's own, kept in this browser and looked at at each tick; and how an
   alert or a cue is told: a toast always, a sound and a notification where they are wished. */
(function () {
  "use strict";
  const { pulse } = window;
  const MOST = 20;
  const FORM = "live-alert";
  const QUOTE_OLD_MS = 15000; // core.forecasting.service.QUOTE_STALE_AFTER
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const field = (name) => document.getElementById(`${FORM}-${name}`);
  const f = () => pulse.format;
  const priceText = (price) => f().number(price, price >= 10 ? 2 : price >= 0.1 ? 4 : 6);
  const words = (alert) => `${alert.ticker} ${alert.side} ${priceText(alert.price)}`;

  /* the pair whose price the page's ticks carry */
  function tickerOfPage() {
    const root = document.querySelector(".page-root");
    return root ? root.dataset.spec.split("?")[0] : "";
  }

  const isReached = (alert, price) =>
    alert.side === "above" ? price >= alert.price : price <= alert.price;

  /* a price of now: not the last close, nor the last price of a market that stands still */
  const isLively = (tick) => tick.price != null && !tick.frozen && tick.state !== "offline" &&
    tick.now - tick.quote <= QUOTE_OLD_MS;

  function look(tick) {
    const ticker = tickerOfPage(), alerts = pulse.prefs.get("alerts");
    if (!isLively(tick)) return;
    const reached = alerts.filter((alert) => !alert.at && alert.ticker === ticker &&
      alert.market === tick.market && isReached(alert, tick.price));
    if (!reached.length) return;
    pulse.prefs.set({
      alerts: alerts.map((alert) => reached.includes(alert) ? { ...alert, at: tick.now } : alert),
    });
    for (const alert of reached) {
      tell("alert", words(alert), `The price is ${priceText(tick.price)} USD.`, alert.id);
    }
  }

  function tellOfCue({ detail }) {
    const ticker = detail.spec.split("?")[0];
    const price = detail.price == null ? "" : ` at ${priceText(detail.price)} USD`;
    const sign = detail.side === "buy" ? "▲ BUY" : "▼ SELL";
    tell(detail.side, `${sign} ${ticker}`, `The forecast is a cue by your rule${price}.`,
      `${detail.spec} ${detail.side} ${detail.candle}`);
  }

  function tell(kind, title, text, tag) {
    pulse.toast({ kind, title, text });
    if (pulse.prefs.get("sound")) pulse.play(kind);
    if (pulse.prefs.get("notify")) notify(title, text, tag);
  }

  /* Two tabs that tell the same make one notification, by its tag. */
  function notify(title, body, tag) {
    try {
      new Notification(title, { body, tag });
    } catch (error) { /* phones allow it to installed pages only */
      pulse.prefs.set({ notify: false });
      pulse.toast({ kind: "error", title: "No notification", text: `This browser shows none from a page: ${error.message}` });
    }
  }

  const typed = (name) => field(name).value.trim();

  /* what is wrong with what was typed, or "" */
  function complaint({ ticker, side, price, market }, tick) {
    if (!/^[A-Z0-9]{2,15}-USD$/.test(ticker)) return "Ticker: a pair such as BTC-USD.";
    if (!(price > 0 && price <= 1e9)) return "Price: a number above 0, up to 1,000,000,000 USD.";
    if (!market) return "No market is followed yet; try again in a moment.";
    if (pulse.prefs.get("alerts").length >= MOST) return `At most ${MOST} alerts are kept; delete one first.`;
    const here = ticker === tickerOfPage() && isLively(tick);
    if (here && isReached({ side, price }, tick.price)) {
      return `${ticker} is ${side} ${priceText(price)} already, at ${priceText(tick.price)} USD.`;
    }
    return "";
  }

  function add() {
    const tick = pulse.seen.tick || {};
    const ticker = typed("ticker").toUpperCase();
    const alert = {
      id: String(Date.now()), ticker: /^[A-Z0-9]{2,15}$/.test(ticker) ? `${ticker}-USD` : ticker,
      side: field("side").value, price: Number(typed("price").replaceAll(",", "")),
      market: tick.market, at: 0,
    };
    const sentence = complaint(alert, tick);
    set(`${FORM}-error`, { children: sentence });
    if (sentence) return;
    pulse.prefs.set({ alerts: [alert, ...pulse.prefs.get("alerts")] });
    set(`${FORM}-price`, { value: "" });
  }

  const drop = (id) =>
    pulse.prefs.set({ alerts: pulse.prefs.get("alerts").filter((alert) => alert.id !== id) });

  function stateText(alert, tick) {
    if (alert.at) return `reached at ${f().local(alert.at, "date")}`;
    if (tick.market && alert.market !== tick.market) return `waits for the ${alert.market} market`;
    return alert.ticker === tickerOfPage() ? "waits" : `waits for a page of ${alert.ticker}`;
  }

  function item(alert, tick) {
    const row = document.createElement("li");
    const name = document.createElement("span"), state = document.createElement("span");
    name.textContent = words(alert);
    state.textContent = stateText(alert, tick);
    state.className = alert.at ? "acc" : "t3";
    const button = document.createElement("button");
    button.className = "ibtn";
    button.dataset.alertDelete = alert.id;
    button.setAttribute("aria-label", `Delete the alert ${words(alert)}`);
    button.innerHTML = '<i class="ic ic-cross" aria-hidden="true"></i>';
    row.append(name, state, button);
    return row;
  }

  /* built anew only where it changed: a button keeps the focus between ticks */
  function writeList(element, tick) {
    const alerts = pulse.prefs.get("alerts");
    const key = JSON.stringify([alerts, alerts.map((alert) => stateText(alert, tick))]);
    if (element.dataset.key === key) return;
    element.dataset.key = key;
    element.replaceChildren(...alerts.map((alert) => item(alert, tick)));
  }

  function writeSummary(element) {
    const alerts = pulse.prefs.get("alerts"), reached = alerts.filter((alert) => alert.at).length;
    const known = alerts.length ? `${alerts.length} set` : "none set";
    pulse.write(element, reached ? `${reached} of ${alerts.length} reached` : known);
  }

  async function wishNotify() {
    if (pulse.prefs.get("notify")) return pulse.prefs.set({ notify: false });
    const place = `${FORM}-notify-answer`;
    if (!("Notification" in window)) return set(place, { children: "This browser has no notifications." });
    const answer = await Notification.requestPermission();
    const refused = "This browser refuses notifications from here; its settings for this site allow them.";
    set(place, { children: answer === "granted" ? "" : refused });
    return pulse.prefs.set({ notify: answer === "granted" });
  }

  function wishSound() {
    const sound = !pulse.prefs.get("sound");
    pulse.prefs.set({ sound });
    if (sound) pulse.play("alert");
  }

  const writeSwitch = (name) => (element) =>
    element.setAttribute("aria-checked", String(pulse.prefs.get(name)));

  pulse.addSlots({
    alerts: writeList,
    "alerts-summary": writeSummary,
    "wish-sound": writeSwitch("sound"),
    "wish-notify": writeSwitch("notify"),
  });

  document.addEventListener("click", function (event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === `${FORM}-add`) add();
    if (button.dataset.alertDelete) drop(button.dataset.alertDelete);
    if (button.dataset.slot === "wish-sound") wishSound();
    if (button.dataset.slot === "wish-notify") wishNotify();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.id === `${FORM}-price`) add();
  });
  document.addEventListener("pulse:cue", tellOfCue);
  pulse.onTick(look);
})();
