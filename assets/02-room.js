/* A browser that has no room left. dcc.Store writes what it keeps while React updates the page,
   and an error there takes the page down or makes a wish spring back. So what finds no room is
   held by this tab, as if it had been written, and the reader is told once. The storage's own
   methods are the only place where a dcc.Store can be heard. */
(function () {
  "use strict";
  const { pulse } = window;
  const KEYS = ["holdings", "trades", "preferences", "profit-points", "noted"]; // stores of components/shell.py
  const ours = new Set(KEYS.flatMap((key) => [key, `${key}-timestamp`]));
  const { getItem, setItem, removeItem } = Storage.prototype;
  const held = new Map(); /* key: the text that found no room */
  let told = false;

  const isOurs = (storage, key) => ours.has(key) && storage === window.localStorage;

  function tell() {
    if (told || !pulse.toast) return;
    told = true;
    pulse.toast({
      kind: "error", title: "Nothing new is kept",
      text: "This browser has no room left for this page: what changes now is lost when this tab " +
        "is closed or loaded again.",
    });
  }

  /* written, or an error: for what must be kept or not be at all */
  function writeOrFail(key, text) {
    setItem.call(window.localStorage, key, text);
    held.delete(key);
  }

  Storage.prototype.setItem = function (key, text) {
    if (!isOurs(this, key)) return setItem.call(this, key, text);
    try {
      return writeOrFail(key, text);
    } catch (error) {
      held.set(key, String(text));
      return tell();
    }
  };

  Storage.prototype.getItem = function (key) {
    return isOurs(this, key) && held.has(key) ? held.get(key) : getItem.call(this, key);
  };

  Storage.prototype.removeItem = function (key) {
    if (isOurs(this, key)) held.delete(key);
    return removeItem.call(this, key);
  };

  /* what another tab could write is newer than what this one holds */
  window.addEventListener("storage", ({ key }) => { held.delete(key); });

  pulse.room = { writeOrFail };
})();
