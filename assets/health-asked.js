/* Model Health: what is asked for, and when again. Tables and scores of each version, and of what
   this page shows: its addresses have the same ids, so that what was on the way when the reader went
   from one to the other comes to the wrong one, or is lost. Whatever is not of this page, or not of
   the newest version, is asked for again after pauses that grow, also where no tick comes by itself. */
(function () {
  "use strict";
  const { pulse } = window;
  const INTERVAL = "health-interval";
  const MARGIN_MS = 50; // a timer may be early
  let askedAt = 0;
  let reminder = null;

  /* The tables are of no horizon and no range: they name no choice. */
  function isOfPage(answer, spec, choice) {
    if (!answer || answer.spec !== spec) return false;
    const { choice: of } = answer;
    return !of || (of.horizon === choice.horizon && of.range === choice.range);
  }

  const isThere = (v, tables, scores, ...page) =>
    [tables, scores].every((answer) => isOfPage(answer, ...page) && answer.v === v);

  /* milliseconds until what was asked for `times` times may be asked for once more */
  const rest = (times) => times ? Math.max(0, askedAt + pulse.live.patience(times + 1) - Date.now()) : 0;

  function remind(times) {
    clearTimeout(reminder);
    reminder = setTimeout(() => {
      if (document.getElementById("health-page")) pulse.tickNow(INTERVAL);
    }, rest(times) + MARGIN_MS);
  }

  /* what to send after a tick that announces version `v`; null where nothing is due */
  function ask(v, need, ...shown) {
    if (isThere(v, ...shown)) return null;
    const again = need && need.v === v ? need.times : 0;
    if (rest(again)) return null;
    askedAt = Date.now(); // not in the question: pages that ask the same get the same answer
    remind(again + 1);
    return { v, times: again + 1 };
  }

  /* Tells whether with the answer that came all is there. */
  function answered(need, ...shown) {
    const whole = Boolean(need) && isThere(need.v, ...shown);
    if (whole) clearTimeout(reminder);
    else remind(need ? need.times : 0);
    return whole;
  }

  pulse.health = { isOfPage, ask, answered };
})();
