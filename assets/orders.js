/* Orders: the amount, the question before a holding is sold, and the server's answer.

   One order at a time in all tabs: it takes what is held as this browser keeps it now, is
   executed by the server at its published price, and is kept only if what is held is still what
   it was for. An order whose answer does not come, or comes late, never happened. */
(function () {
  "use strict";
  const { pulse } = window;
  const no = () => window.dash_clientside.no_update;
  const set = (id, props) => window.dash_clientside.set_props(id, props);
  const PATIENCE_MS = 12000;
  const QUICKER = "Another tab traded meanwhile: nothing was traded here. Look again.";
  const NO_ROOM = "This browser has no room left to keep it: nothing was traded.";
  let pending = null;

  /* as core.portfolio.trading.parse_amount reads it; null where it does not */
  function parseAmount(text) {
    if (!/^(\d{1,3}(,\d{3})+|\d+)(\.\d*)?$/.test(text.trim())) return null;
    const amount = Number(text.trim().replaceAll(",", ""));
    return amount >= 1 && amount <= 10000000 ? amount : null;
  }

  const amountInput = (page) => document.getElementById(`${page}-amount`);
  const positionIn = (holdings, market) => (holdings && market && holdings[market]) || null;
  const say = (page, text) => set(`${page}-order-message`, { children: text });

  /* The amount is a wish: Live and Portfolio, and every tab, have the same. */
  function amountText(stored, id) {
    if (document.activeElement && document.activeElement.id === id) return no();
    return pulse.format.number(pulse.prefs.clean(stored).amount);
  }

  function keepAmount(input) {
    const amount = parseAmount(input.value);
    input.setAttribute("aria-invalid", String(amount === null));
    if (amount === null) return;
    pulse.prefs.set({ amount });
    set(input.id, { value: pulse.format.number(amount) });
  }

  document.addEventListener("focusout", (event) => {
    if (event.target.matches(".order input")) keepAmount(event.target);
  });

  function question(held, tick) {
    const { provider } = pulse.format;
    const elsewhere = held.provider && tick.provider && held.provider !== tick.provider
      ? `, which is ${provider(tick.provider)}'s; it was bought at ${provider(held.provider)}'s` : "";
    return `You hold ${held.ticker}. It is sold at the present price first${elsewhere}, ` +
      "then the new amount is invested and the profit curve starts again.";
  }

  /* what holds when a person clicks: an order is for this, or for nothing */
  function outlook() {
    const tick = pulse.seen.tick;
    const held = tick && positionIn(pulse.keeping.read("holdings"), tick.market);
    return { market: tick && tick.market, bought: held && held.bought_at, held };
  }

  /* With a holding, setting an investment asks first: it sells, then buys. */
  function ask(invest, entered, sell, confirmed, amountId) {
    const { triggered } = window.dash_clientside.callback_context;
    const by = triggered.filter((t) => t.value).map((t) => t.prop_id).join();
    const page = amountId.replace("-amount", "");
    if (pending || !by) return [no(), no()];
    pulse.keeping.inspect();
    const amount = amountInput(page).value;
    const { held, ...seen } = outlook();
    const invests = { ...seen, kind: "invest", amount };
    if (by.includes("-sell.")) place(page, { ...seen, kind: "sell" });
    else if (by.includes("-confirm.")) place(page, invests);
    else if (!held || parseAmount(amount) === null || refusal()) place(page, invests);
    else return [true, question(held, pulse.seen.tick)];
    return [false, ""];
  }

  function refusal() {
    const { tick } = pulse.seen;
    if (!tick || tick.state === "offline") return "The server does not answer: nothing was traded.";
    const trouble = pulse.keeping.trouble();
    return trouble && `${trouble} Download it or start afresh before you trade.`;
  }

  function busy(page, is) {
    const form = document.querySelector(".position");
    if (form) form.setAttribute("aria-busy", String(is));
    for (const name of ["invest", "sell"]) {
      const button = document.getElementById(`${page}-${name}`);
      if (button) button.setAttribute("aria-disabled", String(is));
    }
  }

  /* Carries out an order of `page`; true where it was filled. */
  async function place(page, order) {
    if (pending) return false;
    const refused = refusal();
    if (refused) { say(page, refused); return false; }
    pending = { page, id: `${Date.now()}-${Math.random().toString(36).slice(2, 12)}` };
    busy(page, true);
    try {
      return await pulse.keeping.alone(() => send(page, order));
    } finally {
      pending = null;
      busy(page, false);
    }
  }

  function send(page, { bought, ...order }) {
    pulse.keeping.inspect();
    const held = pulse.keeping.read("holdings");
    const position = positionIn(held, order.market);
    if (refusal()) { say(page, refusal()); return false; }
    if ((position && position.bought_at) !== bought) { say(page, QUICKER); return false; }
    pending.before = JSON.stringify(held);
    return new Promise((resolve) => {
      pending.finish = resolve;
      setTimeout(() => {
        if (!pending || pending.finish !== resolve) return;
        say(page, "The server did not answer in time: nothing was traded.");
        resolve(false);
      }, PATIENCE_MS);
      set(`${page}-order`, { data: { ...order, id: pending.id, held } });
    });
  }

  /* The server's answer: kept whole, or not at all. */
  function settle(filled) {
    const nothing = [no(), no(), no()];
    if (!filled || !pending || filled.id !== pending.id || !pending.finish) return nothing;
    const { finish, before } = pending;
    pending.finish = null;
    if (!filled.trades) { finish(false); return [no(), no(), filled.say]; }
    const same = JSON.stringify(pulse.keeping.read("holdings")) === before;
    const kept = same ? keep(filled) : null;
    finish(kept !== null);
    return kept ? [filled.holdings, kept, filled.say] : [no(), no(), same ? NO_ROOM : QUICKER];
  }

  /* both or neither */
  function keep({ holdings, trades }) {
    const { read, write, MOST_TRADES } = pulse.keeping;
    const log = read("trades");
    const longer = { v: 1, list: [...(log ? log.list : []), ...trades].slice(-MOST_TRADES) };
    try {
      write("trades", longer);
      write("holdings", holdings);
    } catch (error) {
      write("trades", log);
      return null;
    }
    return longer;
  }

  pulse.offer({ amountText, ask, settle });
  pulse.orders = { place, outlook };
})();
