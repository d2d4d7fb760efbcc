/** Dead unit: the units of one hidden layer in the plane of the data, and what a pushed unit's gradient does for it. */
(() => {
  "use strict";
  const { Controls, Runner, Network, Random, marks, short } = rheobase;
  const root = document.querySelector("#dead");
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const [SAMPLES, REACH, SHADES, PUSHED] = [200, 3, 40, Number(root.dataset.pushed)];

  /** A line's number stands as far from the middle as the data seldom reaches, where lines through it have parted. */
  const RIM = 2.55;

  /** Below this share of the steepest slope a unit counts as saturated. */
  const SHARE = Number(root.dataset.saturated);

  /** The axis of steps is at least so long. */
  const FEW = 20;

  const STATES = ["alive", "saturated", "dead"];
  const COLOURS = ["var(--good)", "var(--warn)", "var(--bad)"];

  let now;

  function begin(seed) {
    const [f, units] = [controls.functions[0].bound, controls.get("units")];
    const network = new Network([2, units, 1], f).initialise(new Random(seed + 1), rheobase.gain(f));
    network.layers[0].bias.fill(controls.get("bias"));
    const data = rheobase.datasets[controls.get("data")](SAMPLES, new Random(seed));
    const optimise = rheobase.optimisers[controls.get("optimiser")]();
    return { f, network, data, optimise, steepest: steepest(f), step: 0, pushes: new Map(), history: [], loss: NaN };
  }

  /** The largest |f'|; 0 where it keeps growing, so that no slope is small beside it. */
  function steepest(f) {
    const size = (x) => Math.abs(f.slope(x));
    const near = Math.max(...Array.from({ length: 401 }, (_, k) => size((k - 200) / 20)));
    return Math.max(size(-1000), size(1000)) > 1.01 * near ? 0 : near;
  }

  /** What the data does to each unit: its inputs z, its steepest slope, its state, and the gradient it gets. */
  function observe() {
    now.loss = now.network.gradients(now.data, rheobase.crossEntropy);
    now.units = Array.from({ length: now.network.layers[0].units }, (_, u) => unit(u));
    now.units.forEach(remember);
  }

  function unit(u) {
    const layer = now.network.layers[0];
    const z = Array.from({ length: now.data.count }, (_, n) => layer.z[n * layer.units + u]);
    const slope = Math.max(...z.map((v) => Math.abs(now.f.slope(v))));
    const gradient = Math.hypot(layer.weightGradient[2 * u], layer.weightGradient[2 * u + 1], layer.biasGradient[u]);
    const state = slope === 0 ? "dead" : slope < SHARE * now.steepest ? "saturated" : "alive";
    return { u, low: Math.min(...z), high: Math.max(...z), slope, gradient, state, bias: layer.bias[u] };
  }

  /** Notes the step at which a pushed unit is alive again. */
  function remember({ u, state }) {
    const push = now.pushes.get(u);
    if (push && state === "alive") push.back ??= now.step;
  }

  const count = (state) => now.units.filter((unit) => unit.state === state).length;

  const keep = () => now.history.push(Object.fromEntries(STATES.map((state) => [state, count(state)])));

  const task = {
    reset(seed) {
      now = begin(seed);
      observe();
      keep();
      offerUnits();
    },
    advance() {
      now.optimise(now.network.parameters, controls.get("rate"));
      now.step += 1;
      observe();
      keep();
      return Number.isFinite(now.loss) ? "step" : "over";
    },
    draw() {
      drawPlane();
      drawCells();
      drawUnit();
      drawHistory();
    },
    sentence() {
      if (!Number.isFinite(now.loss)) return `The weights have diverged at step ${now.step}: take a smaller learning rate.`;
      const all = now.units.length;
      return `${count("alive")} of ${all} units alive, ${count("saturated")} saturated, ${count("dead")} dead; loss ${short(now.loss)}. ${story(chosen())}`;
    },
  };

  const chosen = () => now.units[Number(part("cells").querySelector("input:checked").value)];

  const later = (steps) => `${steps} step${steps === 1 ? "" : "s"} later`;

  /** What became of a unit. */
  function story({ u, state, slope, gradient }) {
    const push = now.pushes.get(u);
    const name = `Unit ${u + 1}`;
    if (!push) return `${name} is ${state}: largest slope ${short(slope)}, gradient ${short(gradient)}.`;
    if (push.back) return `${name} was pushed at step ${push.at} and was alive again ${later(push.back - push.at)}.`;
    const since = `${name} was pushed at step ${push.at} and is ${state} ${later(now.step - push.at)}`;
    return gradient === 0 ? `${since}: its gradient is exactly 0.` : `${since}: its gradient is ${short(gradient)}.`;
  }

  function push() {
    const { u } = chosen();
    now.network.layers[0].bias[u] = PUSHED;
    now.pushes.set(u, { at: now.step });
    observe();
    task.draw();
    runner.speak();
  }

  /** One radio button per unit. */
  function offerUnits() {
    const cell = ({ u }) => {
      const input = rheobase.element("input", { type: "radio", name: "unit", value: u });
      input.checked = u === 0;
      return rheobase.element("label", { class: "cell" }, input, rheobase.element("b", {}, `${u + 1}`), rheobase.element("span", {}));
    };
    part("cells").replaceChildren(...now.units.map(cell));
  }

  function drawCells() {
    [...part("cells").children].forEach((cell, u) => {
      cell.dataset.state = now.units[u].state;
      cell.querySelector("span").textContent = now.units[u].state;
    });
    part("push").textContent = `Push unit ${chosen().u + 1} to bias ${short(PUSHED)}`;
  }

  function drawPlane() {
    shade();
    const svg = rheobase.plane(part("plane"), REACH, `The data and the lines z = 0 of the units; ${count("dead")} units are dead`);
    const { x, y } = now.data;
    y.forEach((label, n) => svg.append((label ? marks.square : marks.dot)(x[2 * n], x[2 * n + 1], 0.045, `class${label}`)));
    now.units.forEach((unit) => svg.append(...hinge(unit)));
  }

  /** The line on which z = 0, and a tick from it to the side where z > 0. */
  function hinge({ u, state }) {
    const { weight, bias } = now.network.layers[0];
    const [a, b, size] = [weight[2 * u], weight[2 * u + 1], Math.hypot(weight[2 * u], weight[2 * u + 1])];
    const [nx, ny, from] = [a / size, b / size, -bias[u] / size];
    const along = Math.sqrt(Math.max(0, RIM ** 2 - from ** 2));
    const [x, y] = [from * nx - along * ny, from * ny + along * nx];
    const kind = `hinge ${state}${u === chosen().u ? " chosen" : ""}`;
    return [
      marks.line(x - 9 * ny, y + 9 * nx, x + 9 * ny, y - 9 * nx, kind),
      marks.line(x, y, x + 0.25 * nx, y + 0.25 * ny, kind),
      marks.text(x + 0.32 * nx - 0.05, y + 0.32 * ny - 0.07, 0.24, `${u + 1}`),
    ];
  }

  /** The network's answer as a tint of the plane, the stronger the surer. */
  function shade() {
    const canvas = part("shade");
    const context = canvas.getContext("2d");
    const { color, outlineColor } = getComputedStyle(canvas);
    const { value: sigmoid } = rheobase.bind("sigmoid");
    const places = Float64Array.from({ length: 2 * SHADES ** 2 }, (_, k) => place(k));
    const answers = answer(places, SHADES ** 2);
    context.clearRect(0, 0, SHADES, SHADES);
    answers.forEach((z, n) => {
      context.fillStyle = z > 0 ? outlineColor : color;
      context.globalAlpha = 0.5 * Math.abs(sigmoid(z) - 0.5);
      context.fillRect(n % SHADES, Math.floor(n / SHADES), 1, 1);
    });
  }

  /** The outputs for other points than the data's; what the layers keep of the data stays. */
  function answer(x, count) {
    const outputs = now.network.forward(x, count).slice();
    now.network.forward(now.data.x, now.data.count);
    return outputs;
  }

  /** Coordinate k of the centres of the shaded cells, row by row from the top: x and y in turn. */
  function place(k) {
    const n = Math.floor(k / 2);
    const centre = (cell) => -REACH + ((cell + 0.5) * 2 * REACH) / SHADES;
    return k % 2 ? -centre(Math.floor(n / SHADES)) : centre(n % SHADES);
  }

  function drawUnit() {
    const unit = chosen();
    const [low, high] = [Math.min(-4, unit.low - 1), Math.max(4, unit.high + 1)];
    const x = Array.from({ length: 201 }, (_, k) => low + ((high - low) * k) / 200);
    rheobase.lines(part("curve"), {
      series: [
        rheobase.curve(now.f.name, x, now.f.value),
        rheobase.curve("slope", x, now.f.slope),
        { label: `z of unit ${unit.u + 1} over the data`, dash: "", x: [unit.low, unit.high], y: [0, 0] },
      ],
      marks: [Plot.ruleY([0], { x1: unit.low, x2: unit.high, stroke: "var(--series-3)", strokeWidth: 8, strokeOpacity: 0.45 })],
      xLabel: "z",
      title: `Where unit ${unit.u + 1} stands on the curve`,
      height: 260,
    });
    part("story").textContent = story(unit);
    rheobase.fillTable(root.querySelector("table"), [
      [`${unit.u + 1}`, unit.state, `${short(unit.low)} to ${short(unit.high)}`, short(unit.slope), short(unit.gradient), short(unit.bias)],
    ]);
  }

  /** Of at most 400 steps. */
  function drawHistory() {
    const stride = Math.ceil(now.history.length / 400);
    const shown = now.history.map((h, step) => ({ ...h, step })).filter((h) => h.step % stride === 0);
    const series = STATES.map((state, k) => ({
      label: state,
      colour: COLOURS[k],
      dash: "",
      x: shown.map((h) => h.step),
      y: shown.map((h) => h[state]),
    }));
    const domains = { xDomain: [0, Math.max(FEW, now.step)], yDomain: [0, now.units.length] };
    rheobase.lines(part("history"), { series, ...domains, xLabel: "step", yLabel: "units", title: "Units by state", height: 240 });
  }

  const LIVE = ["rate", "pace"];
  const controls = new Controls(root, (name) => LIVE.includes(name) || runner.reset());
  const runner = new Runner(root, task, () => controls.get("pace"));
  part("cells").addEventListener("change", () => task.draw());
  part("push").addEventListener("click", push);
  document.querySelector("#theme").addEventListener("click", shade);
})();
