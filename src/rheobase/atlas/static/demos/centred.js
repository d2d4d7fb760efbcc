/** Zero-centred: the path of two weights whose inputs share a sign or do not, step by step on the loss. */
(() => {
  "use strict";
  const { Controls, Runner, Random, marks, short } = rheobase;
  const { GOAL, LIMIT, problem, gradient, remaining, usual, tuned } = rheobase.unit;
  const root = document.querySelector("#unit");
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const REACH = 2.6;

  /** The batches on show, those that the rate is tuned on, and those that the usual number of steps is taken from. */
  const [SHOWN, TUNED, COUNTED] = [1, 1000, 2000];

  let contenders = [];

  /** A unit at weights 0, on the same draws as every other. */
  function begin(label, f, seed, centred) {
    const angle = (controls.get("angle") * Math.PI) / 180;
    const target = [Math.SQRT2 * Math.cos(angle), Math.SQRT2 * Math.sin(angle)];
    const unit = problem(f, seed, { target, batch: controls.get("batch"), centred });
    const rate = controls.get("rule") === "tuned" ? tuned(unit, seed + TUNED) : controls.get("rate");
    const count = usual(unit, rate, seed + COUNTED);
    return { ...unit, label, rate, count, path: [[0, 0]], random: new Random(seed + SHOWN) };
  }

  const at = (unit) => unit.path.at(-1);
  const taken = (unit) => unit.path.length - 1;
  const reached = (unit) => remaining(unit, at(unit)) <= GOAL;

  function step(unit) {
    const [g, h] = gradient(unit, at(unit), unit.random);
    const [w, v] = at(unit);
    unit.path.push([w - unit.rate * g, v - unit.rate * h]);
  }

  const stands = (unit) => reached(unit) || taken(unit) >= LIMIT || !Number.isFinite(at(unit)[0]);

  const task = {
    reset(seed) {
      const [first, second] = controls.functions.map((picker) => picker.bound);
      contenders = [begin(first.name, first, seed, false), begin(second.name, second, seed, false)];
      if (controls.get("centred")) contenders.push(begin(`${first.name} less its mean`, first, seed, true));
    },
    advance() {
      contenders.filter((unit) => !stands(unit)).forEach(step);
      return contenders.every(stands) ? "over" : "step";
    },
    draw() {
      part("paths").replaceChildren(...contenders.map(figure));
      rheobase.fillTable(root.querySelector("table"), contenders.map(row));
    },
    sentence: () => `${contenders.map(progress).join("; ")}.`,
  };

  function progress(unit) {
    if (reached(unit)) return `${unit.label}: at the goal after ${taken(unit)} steps`;
    return `${unit.label}: ${percent(remaining(unit, at(unit)))} of the loss left`;
  }

  const percent = (share) => `${short(100 * share)} %`;

  const row = (unit) => [
    unit.label,
    short(Number(rheobase.mean(unit.a).toFixed(3))),
    short(unit.large / unit.small),
    short(unit.rate),
    `${Math.round(100 * unit.same)} %`,
    percent(remaining(unit, at(unit))),
    reached(unit) ? `${taken(unit)}` : "–",
    unit.count < LIMIT ? `${unit.count}` : `over ${LIMIT}`,
  ];

  /** The loss's contours, the path so far, and the target. */
  function figure(unit) {
    const place = rheobase.element("div", { class: "plane" });
    const svg = rheobase.plane(place, REACH, `The path of the two weights with ${unit.label} on the contours of the loss`);
    for (const share of [GOAL, 0.1, 0.3, 1, 3, 10]) {
      const level = 2 * share * unit.first;
      const axes = [Math.sqrt(level / unit.large), Math.sqrt(level / unit.small)];
      svg.append(marks.ellipse(...unit.target, ...axes, unit.angle, share === GOAL ? "goal" : "contour"));
    }
    svg.append(marks.line(-REACH, 0, REACH, 0, "axis"), marks.line(0, -REACH, 0, REACH, "axis"));
    svg.append(marks.text(REACH - 0.4, 0.08, 0.24, "w₁"), marks.text(0.08, REACH - 0.3, 0.24, "w₂"));
    svg.append(marks.path(unit.path, "path"), marks.dot(...unit.target, 0.05, "target"), marks.dot(...at(unit), 0.06, "here"));
    return rheobase.element("figure", {}, place, rheobase.element("figcaption", {}, unit.label));
  }

  const changed = { rate: () => controls.get("rule") === "own" && runner.reset(), pace: () => {} };
  const controls = new Controls(root, (name) => (changed[name] ?? (() => runner.reset()))());
  const runner = new Runner(root, task, () => controls.get("pace"));
})();
