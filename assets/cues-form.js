/* The form of the cue rule: presets, fields with a sentence beside a bad one, the formula with
   today's numbers. What is typed is checked here and kept in the reader's wishes. */
(function () {
  "use strict";
  const { pulse } = window;
  const f = () => pulse.format;
  const PAGE = "live";
  const id = (name) => `${PAGE}-cue-${name}`;
  const field = (name) => document.getElementById(id(name));
  const put = (name, props) => window.dash_clientside.set_props(id(name), props);
  const numbers = () => Object.keys(pulse.cues.RANGES);

  const typed = (name) => field(name).validity.badInput ? "this text" : field(name).value;

  function say(name, sentence) {
    put(name, { invalid: Boolean(sentence) });
    put(`${name}-error`, { children: sentence });
  }

  /* the rule in force, in every field; a field's sentence goes with what was wrong in it */
  function fill(form) {
    const rule = pulse.cues.rule(), preset = pulse.cues.presetOf(rule);
    form.dataset.rule = pulse.cues.toText(rule);
    form.dataset.preset = preset;
    for (const name of [...numbers(), "cost"]) say(name, "");
    for (const name of numbers()) put(name, { value: String(rule[name]) });
    if (preset === "cost-aware") put("cost", { value: String(pulse.cues.costOf(rule)) });
    put("against", { value: rule.against });
    for (const button of form.querySelectorAll("[data-cue-preset]")) {
      button.setAttribute("aria-pressed", String(button.dataset.cuePreset === preset));
    }
  }

  function keep(text) {
    const form = field("form");
    if (text === form.dataset.rule) fill(form);
    else pulse.prefs.set({ cue: text });
  }

  function readNumbers() {
    const checked = numbers().map((name) => [name, ...pulse.cues.check(name, typed(name))]);
    for (const [name, , sentence] of checked) say(name, sentence);
    if (checked.some(([, , sentence]) => sentence)) return;
    const rule = Object.fromEntries(checked.map(([name, number]) => [name, number]));
    keep(pulse.cues.toText({ ...rule, against: field("against").value }));
  }

  function readCost() {
    const [percent, sentence] = pulse.cues.check("cost", typed("cost"));
    say("cost", sentence);
    if (!sentence) keep(pulse.cues.costAware(percent));
  }

  /* What stands in a field that was hidden may be no cost: the usual one takes its place. */
  function chooseCostAware() {
    const form = field("form");
    const [typedCost] = pulse.cues.check("cost", typed("cost"));
    if (typedCost === null && form.dataset.preset === "cost-aware") fill(form);
    else keep(pulse.cues.costAware(typedCost ?? Number(form.dataset.usualCost)));
  }

  function choose(preset) {
    if (preset === "reference") keep(pulse.cues.REFERENCE);
    if (preset === "directional") keep(pulse.cues.DIRECTIONAL);
    if (preset === "cost-aware") chooseCostAware();
    if (preset === "custom") field(numbers()[0]).focus();
  }

  document.addEventListener("change", function (event) {
    const name = (event.target.id || "").replace(id(""), "");
    if (name === "cost") readCost();
    if (name === "against" || numbers().includes(name)) readNumbers();
  });

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-cue-preset]");
    if (button) choose(button.dataset.cuePreset);
  });

  /* ---- the formula ---- */

  const NAMES = { buy: ["Buy", "buy_factor"], sell: ["Sell", "sell_factor"] };
  const price = (value) => f().number(value, value >= 10 ? 2 : value >= 0.1 ? 4 : 6);
  const TIMES = "\u00a0×\u00a0";

  function words(side, rule, name, minutes) {
    const [verb, factor] = NAMES[side];
    const what = minutes ? `the ${minutes}-minute forecast` : "the forecast";
    const less = rule.mae_weight ? ` less ${rule.mae_weight}${TIMES}MAE` : "";
    return `${verb} when ${what}${less} is above ${rule[factor]}${TIMES}${name}`;
  }

  /* Two prices that read the same may still differ. */
  function difference(value, bar) {
    if (price(value) !== price(bar)) return "";
    if (value === bar) return ", exactly the same";
    const least = Number(`1e-${f().decimals(bar)}`);
    return `, ${value > bar ? "above" : "below"} it by less than ${f().number(least, f().decimals(bar))}`;
  }

  function formula(tick, side) {
    const rule = pulse.cues.rule(), now = pulse.cueCell.sideNow(tick, side);
    const [reference, name] = pulse.cueCell.referenceOf(tick, side, Boolean(now && now.standsIn));
    const { point, mae, minutes } = pulse.cueCell.forecastOf(side);
    const said = words(side, rule, name, minutes);
    if (point == null || mae == null || reference == null) return `${said}.`;
    const value = point - rule.mae_weight * mae;
    const bar = rule[NAMES[side][1]] * reference;
    return `${said}: now ${price(value)} against ${price(bar)}${difference(value, bar)}.`;
  }

  function writeFormula(element, tick, side) {
    const form = field("form");
    if (form && form.dataset.rule !== pulse.cues.toText(pulse.cues.rule())) fill(form);
    pulse.write(element, formula(tick, side));
  }

  pulse.addSlots({
    "cue-formula-buy": (e, t) => writeFormula(e, t, "buy"),
    "cue-formula-sell": (e, t) => writeFormula(e, t, "sell"),
  });
})();
