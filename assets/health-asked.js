/* Model Health: what is asked for, and when again. Tables and scores of each version, and of what
   this page shows: its addresses have the same ids, so that what was on the way when the reader went
   from one to the other comes to the wrong one, or is lost. Whatever is not of this page, or not of
   the newest version, is asked for again after pauses that grow. */
(function () {
  "use strict";
  const { pulse } = window;
  let askedAt = 0;

  /* The tables are of no horizon and no range: they name no choice. */
  function isOfPage(answer, spec, choice) {
    if (!answer || answer.spec !== spec) return false;
    const { choice: of } = answer;
    return !of || (of.horizon === choice.horizon && of.range === choice.range);
  }

  /* whether an answer came that is of another page */
  const isStray = (tables, scores, spec, choice) =>
    [tables, scores].some((answer) => answer && !isOfPage(answer, spec, choice));

  /* what to send after a tick that announces version `v`; null where nothing is due */
  function ask(v, need, tables, scores, spec, choice) {
    const isThere = (answer) => isOfPage(answer, spec, choice) && answer.v === v;
    if (isThere(tables) && isThere(scores)) return null;
    const again = need && need.v === v ? need.times : 0;
    if (again && Date.now() - askedAt < pulse.live.patience(again)) return null;
    askedAt = Date.now(); // not in the question: pages that ask the same get the same answer
    return { v, times: again + 1 };
  }

  pulse.health = { isOfPage, isStray, ask };
})();
