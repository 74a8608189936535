/* What opens over the page or folds out of it: dialogs, the controls on phones, the folds, and
   the signs "how to read this". */
(function () {
  "use strict";
  const { pulse } = window;
  const phone = matchMedia("(max-width: 639px)");
  const CONTROLS = "controls";
  const open = new Set(); /* ids of the folds that are open */

  function openDialog(id) {
    const dialog = document.getElementById(id);
    if (dialog && !dialog.open) dialog.showModal();
  }

  const closeDialog = (id) => document.getElementById(id)?.close();

  /* a column of the page where there is room for it, a sheet over the page on phones */
  function showControls(foldId) {
    const fold = document.getElementById(foldId);
    if (!fold) return;
    fold.open = true;
    if (phone.matches) openDialog(CONTROLS);
    const head = fold.querySelector("summary");
    head.scrollIntoView({ block: "nearest" });
    head.focus();
  }

  document.addEventListener("click", function (event) {
    const { target } = event;
    const opener = target.closest("[data-open-dialog], [data-open-fold]");
    if (opener?.dataset.openDialog) openDialog(opener.dataset.openDialog);
    if (opener?.dataset.openFold) showControls(opener.dataset.openFold);
    const behind = target.matches("dialog:modal") ? target : null; // its backdrop
    if (behind || target.closest("[data-close-dialog]")) target.closest("dialog").close();
    for (const sign of document.querySelectorAll(".how[open]")) {
      if (!sign.contains(target)) sign.open = false;
    }
  });

  /* The status strip unfolds to all of its facts. */
  function unfoldStrip(head, open) {
    head.setAttribute("aria-expanded", String(open));
    head.closest(".strip").toggleAttribute("data-open", open);
  }

  const OPEN_STRIP = "[data-unfold-strip][aria-expanded=true]";
  document.addEventListener("click", function ({ target }) {
    const pressed = target.closest("[data-unfold-strip]"), open = document.querySelector(OPEN_STRIP);
    if (open && !target.closest(".strip-more")) unfoldStrip(open, false);
    if (pressed && pressed !== open) unfoldStrip(pressed, true);
  });

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    const strip = document.querySelector(OPEN_STRIP);
    if (strip) {
      unfoldStrip(strip, false);
      strip.focus();
    }
    for (const sign of document.querySelectorAll(".how[open]")) {
      sign.open = false;
      sign.querySelector("summary").focus();
    }
  });

  phone.addEventListener("change", () => closeDialog(CONTROLS));

  /* A page is built anew for every forecast; its folds stay as the reader left them. */
  document.addEventListener("toggle", function ({ target }) {
    if (!target.matches("details[id]")) return;
    if (target.open) open.add(target.id);
    else open.delete(target.id);
  }, true);

  const met = new WeakSet();
  new MutationObserver(function () {
    for (const fold of document.querySelectorAll("details[id]")) {
      if (met.has(fold)) continue;
      met.add(fold);
      fold.open = fold.open || open.has(fold.id);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });

  Object.assign(pulse, { openDialog, closeDialog, CONTROLS });
})();
