/** Zero-centred: the path of two weights whose inputs share a sign or do not, step by step on the loss. */
(() => {
  "use strict";
  const { Controls, Runner, Random, marks, short } = rheobase;
  const root = document.querySelector("#unit");
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const [SAMPLES, REACH, LIMIT] = [256, 2.6, 2000];

  /** Reached where the loss is this share of that at the start; the learning rates that are tried for it. */
  const GOAL = 0.01;
  const RATES = Array.from({ length: 41 }, (_, k) => 10 ** (-2 + k / 10));

  let contenders = [];

  /** The inputs (pairs f(u), u ~ N(0, 1)), less their mean if `centred`. */
  function inputs(f, random, centred) {
    const a = Float64Array.from({ length: 2 * SAMPLES }, () => f.value(random.normal()));
    const shift = centred ? rheobase.mean(a) : 0;
    return a.map((v) => v - shift);
  }

  /** E a·aᵀ as [xx, xy, yy]: the loss is ½·eᵀHe for weights that miss the target by e. */
  function hessian(a) {
    const products = (i, j) => rheobase.mean(Float64Array.from({ length: SAMPLES }, (_, n) => a[2 * n + i] * a[2 * n + j]));
    return [products(0, 0), products(0, 1), products(1, 1)];
  }

  const loss = ([xx, xy, yy], [p, q]) => (xx * p * p + 2 * xy * p * q + yy * q * q) / 2;

  /** Eigenvalues, the larger one first, and the angle of its direction. */
  function eigen([xx, xy, yy]) {
    const [centre, radius] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
    return { large: centre + radius, small: centre - radius, angle: Math.atan2(2 * xy, xx - yy) / 2 };
  }

  /** A unit that starts at weights 0 and shall find `target`, on the same draws as every other. */
  function begin(label, f, seed, centred) {
    const angle = (controls.get("angle") * Math.PI) / 180;
    const target = [Math.SQRT2 * Math.cos(angle), Math.SQRT2 * Math.sin(angle)];
    const a = inputs(f, new Random(seed), centred);
    const unit = { label, a, target, curvature: hessian(a) };
    unit.rate = controls.get("rule") === "tuned" ? tuned(unit, seed) : controls.get("rate");
    return { ...unit, ...start(unit, seed) };
  }

  const start = (unit, seed) => ({
    path: [[0, 0]],
    same: 0,
    draws: new Random(seed + 1),
    first: loss(unit.curvature, unit.target),
    reached: null,
  });

  /** The gradient by the two weights on one batch. */
  function gradient({ a, target, path, draws }) {
    const [w, v] = path.at(-1);
    const size = controls.get("batch");
    let [g, h] = [0, 0];
    for (let k = 0; k < size; k++) {
      const n = 2 * draws.integer(SAMPLES);
      const miss = (w - target[0]) * a[n] + (v - target[1]) * a[n + 1];
      g += (miss * a[n]) / size;
      h += (miss * a[n + 1]) / size;
    }
    return [g, h];
  }

  function step(unit) {
    const [g, h] = gradient(unit);
    const [w, v] = unit.path.at(-1);
    unit.path.push([w - unit.rate * g, v - unit.rate * h]);
    unit.same += g * h > 0;
    if (remaining(unit) <= GOAL) unit.reached ??= unit.path.length - 1;
  }

  /** The loss as a share of that at the start. */
  function remaining({ curvature, target, path, first }) {
    const [w, v] = path.at(-1);
    return loss(curvature, [w - target[0], v - target[1]]) / first;
  }

  /** The learning rate that reaches the goal in the fewest steps on these very batches. */
  function tuned(unit, seed) {
    let best = { rate: RATES[0], steps: LIMIT };
    for (const rate of RATES) {
      const trial = { ...unit, ...start(unit, seed), rate };
      while (trial.reached === null && trial.path.length <= best.steps && remaining(trial) < 1e6) step(trial);
      if (trial.reached !== null && trial.reached < best.steps) best = { rate, steps: trial.reached };
    }
    return best.rate;
  }

  const task = {
    reset(seed) {
      const [first, second] = controls.functions.map((picker) => picker.bound);
      contenders = [begin(first.name, first, seed, false), begin(second.name, second, seed, false)];
      if (controls.get("centred")) contenders.push(begin(`${first.name} less its mean`, first, seed, true));
    },
    advance() {
      contenders.filter((unit) => unit.reached === null).forEach(step);
      const stands = ({ reached, path }) => reached !== null || path.length > LIMIT || !Number.isFinite(path.at(-1)[0]);
      return contenders.every(stands) ? "over" : "step";
    },
    draw() {
      part("paths").replaceChildren(...contenders.map(figure));
      rheobase.fillTable(root.querySelector("table"), contenders.map(row));
    },
    sentence: () =>
      contenders
        .map((u) => `${u.label}: ${u.reached === null ? `${short(remaining(u) * 100)} % of the loss left` : `1 % of the loss reached in ${u.reached} steps`}`)
        .join("; ") + ".",
  };

  function row(unit) {
    const { large, small } = eigen(unit.curvature);
    const taken = unit.path.length - 1;
    return [
      unit.label,
      short(rheobase.mean(unit.a)),
      short(large / small),
      short(unit.rate),
      taken ? `${Math.round((100 * unit.same) / taken)} %` : "–",
      `${short(remaining(unit) * 100)} %`,
      unit.reached ?? "–",
    ];
  }

  /** The loss's contours, the path so far, and the target. */
  function figure(unit) {
    const place = rheobase.element("div", { class: "plane" });
    const svg = rheobase.plane(place, REACH, `The path of the two weights with ${unit.label} on the contours of the loss`);
    const { large, small, angle } = eigen(unit.curvature);
    for (const share of [0.01, 0.1, 0.3, 1, 3, 10]) {
      const level = 2 * share * unit.first;
      svg.append(marks.ellipse(...unit.target, Math.sqrt(level / large), Math.sqrt(level / small), angle, share === GOAL ? "goal" : "contour"));
    }
    svg.append(marks.line(-REACH, 0, REACH, 0, "axis"), marks.line(0, -REACH, 0, REACH, "axis"));
    svg.append(marks.path(unit.path, "path"), marks.dot(...unit.target, 0.06, "target"), marks.dot(...unit.path.at(-1), 0.06, "here"));
    return rheobase.element("figure", {}, place, rheobase.element("figcaption", {}, unit.label));
  }

  const changed = { rate: () => controls.get("rule") === "own" && runner.reset(), pace: () => {} };
  const controls = new Controls(root, (name) => (changed[name] ?? (() => runner.reset()))());
  const runner = new Runner(root, task, () => controls.get("pace"));
})();
