/* "Live vs predicted": which version is asked for, and when again. One request a version, unless
   what came was not that version: a request may fail, or be answered by a web worker that has
   not heard of the version yet. Then it is repeated, after pauses that grow. */
(function () {
  "use strict";
  const { pulse } = window;
  const live = (pulse.live = pulse.live || {});
  const INTERVAL = "live-interval";
  const MARGIN_MS = 50; // a timer may be early
  const PATIENCE_MS = 4000;
  const LONGEST_MS = 60000;
  /* the last request: for which version (null: whichever there is), when, how often for it */
  const NOTHING = { v: null, at: 0, times: 0 };
  let asked = NOTHING;
  let reminder = null;
  let received = null; /* version of the last answer that was drawn */

  /* notes a request, and returns what to send */
  function ask(v) {
    const again = asked.v === v ? asked.times : 0;
    asked = { v, at: Date.now(), times: again + 1 };
    remind();
    return again ? { ...live.version(v), again } : live.version(v);
  }

  /* What did not come is asked for again also where no tick comes by itself, as while the page is
     paused. */
  function remind() {
    clearTimeout(reminder);
    reminder = setTimeout(() => {
      const isMissing = received === null || received !== asked.v;
      if (isMissing && document.getElementById(live.ID)) pulse.tickNow(INTERVAL);
    }, patience(asked.times) + MARGIN_MS);
  }

  /* A page that opens asks before it is told of any version. */
  function askFirst() {
    lose();
    return ask(null);
  }

  function receive(v) {
    received = v;
    if (asked.v === null) asked = { ...asked, v };
  }

  /* What came is not what was asked for: the next tick asks. */
  function lose() {
    asked = NOTHING;
    received = null;
  }

  const patience = (times) => Math.min(PATIENCE_MS * 2 ** (times - 1), LONGEST_MS);

  /* whether the version that is announced must be asked for now */
  function isDue(v) {
    if (v === received) return false;
    const isUnderway = asked.v === v || asked.v === null;
    return !isUnderway || Date.now() - asked.at >= patience(asked.times);
  }

  Object.assign(live, { ask, askFirst, receive, lose, isDue, patience });
})();
