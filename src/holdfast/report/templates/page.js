"use strict";
(() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("scheme");
  const dark = () => (root.dataset.scheme ? root.dataset.scheme === "dark" : system.matches);
  const show = () => button.setAttribute("aria-pressed", String(dark()));
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.scheme = dark() ? "light" : "dark";
    show();
  });
  system.addEventListener("change", show);
  show();

  const specs = JSON.parse(document.getElementById("charts").textContent);
  const options = { renderer: "svg", actions: false, ast: true, defaultStyle: false,
    tooltip: { theme: "page", disableDefaultStyle: true } };
  const draw = [...document.querySelectorAll("[data-chart]")].map((box) => {
    // vega names the element that it draws in; the box around that one has the words
    const inner = document.createElement("div");
    inner.setAttribute("aria-hidden", "true");
    box.append(inner);
    return vegaEmbed(inner, specs[box.dataset.chart], options);
  });
  Promise.all(draw).then(() => { root.dataset.drawn = "yes"; });
})();
