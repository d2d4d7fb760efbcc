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

// Where a curve jumps, no line is to be drawn: a gap goes in. A jump is a step far larger than those beside it.
rheobase.curve = function (label, x, f, colour) {
  const y = x.map(f);
  const step = d3.pairs(y, (a, b) => Math.abs(b - a));
  const span = d3.max(y.filter(Number.isFinite)) - d3.min(y.filter(Number.isFinite));
  const points = { label, x: [], y: [], colour };
  x.forEach((at, k) => {
    points.x.push(at);
    points.y.push(y[k]);
    const beside = Math.max(step[k - 1] || 0, step[k + 1] || 0);
    if (step[k] > 0.02 * span && step[k] > 8 * beside) {
      points.x.push((at + x[k + 1]) / 2);
      points.y.push(NaN);
    }
  });
  return points;
};

// A window that holds the curves as far as they stay near; a little room around them.
rheobase.window = function (curves, most) {
  const [low, high] = d3.extent(curves.flatMap((c) => c.y).filter(Number.isFinite));
  const bottom = Math.max(low, -most), top = Math.min(high, most);
  const room = 0.06 * Math.max(top - bottom, 0.5);
  return [bottom - room, top + room];
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
