/* What the other scripts build on: `pulse`, and the functions that callbacks name. */
(function () {
  "use strict";
  window.dash_clientside = window.dash_clientside || {};
  const offered = (window.dash_clientside.pulse = window.dash_clientside.pulse || {});
  const slots = {};
  const tickListeners = [];

  window.pulse = {
    /* functions that callbacks/clientside.py names */
    offer: (functions) => Object.assign(offered, functions),
    /* name of a slot -> how it is written: (element, tick) */
    addSlots: (writers) => Object.assign(slots, writers),
    slots,
    /* told of every tick, after it is drawn */
    onTick: (listener) => { tickListeners.push(listener); },
    tellOfTick: (tick) => { for (const listener of tickListeners) listener(tick); },
  };
})();
