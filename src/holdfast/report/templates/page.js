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
  const draw = [...document.querySelectorAll("[data-chart]")].map((box) =>
    vegaEmbed(box, specs[box.dataset.chart], options).then(() => {
      // the box has the words; what vega names its parts would be read out beside them
      box.querySelector("svg").setAttribute("aria-hidden", "true");
    }));
  Promise.all(draw).then(() => { root.dataset.drawn = "yes"; });
})();
