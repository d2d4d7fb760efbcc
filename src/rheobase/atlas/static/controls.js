// What the pages with sliders share.
(function () {
"use strict";
const rheobase = window.rheobase;

// Parameter values, as the sliders stand.
rheobase.parameters = () => Object.fromEntries(
  [...document.querySelectorAll("input[data-parameter]")].map((input) => [input.dataset.parameter, Number(input.value)]));

rheobase.number = (id) => Number(document.getElementById(id).value);

// n + 1 points from -reach to reach, 0 among them.
rheobase.grid = (reach, n) => d3.range(n + 1).map((k) => (reach * (2 * k - n)) / n);

// A window that holds the curves as far as they stay near; a little room around them.
rheobase.window = function (curves, most) {
  const [low, high] = d3.extent(curves.flatMap((c) => c.y).filter(Number.isFinite));
  const bottom = Math.max(low, -most), top = Math.min(high, most);
  const room = 0.06 * Math.max(top - bottom, 0.5);
  return [bottom - room, top + room];
};

// Values by name in one line, which breaks between them alone.
rheobase.read = function (where, start, pairs) {
  const texts = pairs.flatMap(([name, value], k) => [k ? ", " : "", rheobase.element("span", { class: "nowrap" }, `${name} = ${rheobase.shown(value)}`)]);
  document.getElementById(where).replaceChildren(start, ...texts);
};

// Every slider says its value; `update` is called once per frame, however fast sliders move.
rheobase.watch = function (update) {
  let waiting = false;
  const inputs = document.querySelectorAll("main input, main select");
  const say = (input) => {
    const output = input.closest("label") && input.closest("label").querySelector("output");
    if (output) output.textContent = rheobase.shown(Number(input.value));
  };
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; update(); });
  };
  for (const input of inputs) {
    say(input);
    input.addEventListener("input", () => { say(input); soon(); });
  }
  update();
  return soon;
};
})();
