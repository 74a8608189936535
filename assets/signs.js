/* The signs "how to read this": each is an empty <details data-how>, and what it unfolds to is
   built here. The page is that many components smaller. */
(function () {
  "use strict";
  const NAME = "How to read this";

  function made(name, attributes = {}, ...content) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...content);
    return element;
  }

  function build(sign) {
    const { how, howSlot } = sign.dataset;
    const icon = made("i", { class: "ic ic-info", "aria-hidden": "true" });
    const words = made("p", {}, `${how} `);
    if (howSlot) words.append(made("span", { "data-slot": howSlot }));
    sign.replaceChildren(made("summary", { title: NAME, "aria-label": NAME }, icon), words);
    sign.dataset.built = how;
  }

  /* A sign that React keeps for another forecast gets another sentence. */
  function buildAll() {
    for (const sign of document.querySelectorAll(".how[data-how]")) {
      if (sign.dataset.built !== sign.dataset.how || !sign.firstChild) build(sign);
    }
  }

  new MutationObserver(buildAll).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-how"],
  });
})();
