/* Toasts: what happened and why, in one line. An error stays until it is closed; the others go
   after a while, but not from under the pointer or the keyboard. */
(function () {
  "use strict";
  const { pulse } = window;
  const SHOWN_MS = 6000;
  const MOST = 4;
  const ICONS = { error: "alert down", alert: "bell warn", buy: "bell up", sell: "bell down", done: "tick" };

  function part(kind, className, text) {
    const element = document.createElement(kind);
    element.className = className;
    if (text) element.textContent = text;
    return element;
  }

  function icon(kind) {
    const element = part("i", `ic ic-${ICONS[kind] || "info"}`);
    element.setAttribute("aria-hidden", "true");
    return element;
  }

  function closeButton(toast) {
    const button = part("button", "ibtn");
    button.type = "button";
    button.title = "Close";
    button.setAttribute("aria-label", "Close");
    button.append(part("i", "ic ic-cross"));
    button.addEventListener("click", () => toast.remove());
    return button;
  }

  function leaveLater(toast) {
    setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) leaveLater(toast);
      else toast.remove();
    }, SHOWN_MS);
  }

  function show({ kind, title, text }) {
    const place = document.getElementById("toasts");
    if (!place) return;
    const toast = part("div", `toast-m toast-${kind}`);
    const words = part("div", "toast-words");
    words.append(part("b", "", title), part("span", "t2", text));
    toast.append(icon(kind), words, closeButton(toast));
    place.append(toast);
    while (place.children.length > MOST) place.firstElementChild.remove();
    if (kind !== "error") leaveLater(toast);
  }

  pulse.toast = show;
})();
