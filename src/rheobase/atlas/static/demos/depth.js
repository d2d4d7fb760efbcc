/** Gradient through depth: the size of the gradient at every layer, before and while networks train. */
(() => {
  "use strict";
  const { Controls, Runner, Network, Random } = rheobase;
  const [SAMPLES, BATCH] = [128, 32];

  /** The axis of steps is at least so long. */
  const FEW = 20;

  const root = document.querySelector("#depth");
  const part = (name) => root.querySelector(`[data-part=${name}]`);

  /** The rules for the weights' scale: weights have the standard deviation scale/√inputs. */
  const scales = {
    gain: (f) => rheobase.gain(f),
    he: () => Math.SQRT2,
    lecun: () => 1,
    own: () => controls.get("scale"),
  };

  const gradients = (network) => network.hidden.map((layer) => rheobase.rms(layer.delta));

  /** Decades that a gradient loses per layer on the way from the last hidden layer to the first; null where it has no size. */
  function decades(sizes) {
    const lost = Math.log10(sizes.at(-1) / sizes[0]) / (sizes.length - 1);
    return Number.isFinite(lost) ? lost : null;
  }

  let courses = [];
  let turn = 0;

  /** One network on its way, with the data, batches and raw weights that all others have too. */
  function begin(f, seed) {
    const [depth, width] = [controls.get("depth"), controls.get("width")];
    const scale = scales[controls.get("rule")](f);
    const data = rheobase.datasets.moons(SAMPLES, new Random(seed));
    const network = new Network([2, ...Array(depth).fill(width), 1], f).initialise(new Random(seed + 1), scale);
    const course = { f, scale, data, network, batches: new Random(seed + 2), losses: [] };
    course.optimise = rheobase.optimisers[controls.get("optimiser")]();
    course.firstLoss = network.gradients(data, rheobase.crossEntropy);
    course.start = gradients(network);
    course.expected = rheobase.expectedGradients(f, depth, scale).map((share) => share * course.start.at(-1));
    return course;
  }

  function train(course) {
    const batch = rheobase.minibatch(course.data, BATCH, course.batches);
    course.losses.push(course.network.gradients(batch, rheobase.crossEntropy));
    course.optimise(course.network.parameters, controls.get("rate"));
  }

  const diverged = (c) => !Number.isFinite(c.losses.at(-1) ?? c.firstLoss);

  const task = {
    reset(seed) {
      turn = 0;
      courses = controls.functions.flatMap((picker) => (picker.bound ? [begin(picker.bound, seed)] : []));
    },
    advance() {
      if (!diverged(courses[turn])) train(courses[turn]);
      turn = (turn + 1) % courses.length;
      if (turn) return "piece";
      return courses.every(diverged) ? "over" : "step";
    },
    draw() {
      drawGradients();
      drawLosses();
      rheobase.fillTable(root.querySelector("table"), courses.map(row));
    },
    sentence: () =>
      courses.map((c) => `${c.f.name}: ${inWords(gradients(c.network))}, loss ${loss(c)}`).join("; ") + ".",
  };

  /** Why a gradient has no size. */
  const nothing = (sizes) => (sizes[0] === 0 ? "no gradient" : "overflow");

  /** Decades in a table, and in words. */
  const figure = (sizes) => decades(sizes)?.toFixed(3).replace("-", "−") ?? nothing(sizes);
  function inWords(sizes) {
    const lost = decades(sizes);
    return lost === null ? nothing(sizes) : `${Math.abs(lost).toFixed(3)} decades ${lost < 0 ? "gained" : "lost"} per layer`;
  }

  /** The mean loss over the last batches; before training that over all samples. */
  function loss(c) {
    if (diverged(c)) return "diverged";
    return rheobase.short(c.losses.length ? rheobase.mean(c.losses.slice(-20)) : c.firstLoss);
  }

  const row = (c) => [
    c.f.name,
    rheobase.short(c.scale),
    figure(c.expected),
    figure(c.start),
    figure(gradients(c.network)),
    loss(c),
  ];

  const colour = (k) => `var(--series-${k + 1})`;

  function drawGradients() {
    const beside = { expected: "expected", start: "at the start" };
    const series = courses.flatMap((c, k) => {
      const now = { label: c.f.name, colour: colour(k), dash: "", y: gradients(c.network) };
      const kept = controls.get("beside");
      return kept in beside ? [now, { label: `${c.f.name}, ${beside[kept]}`, colour: colour(k), dash: "6 4", y: c[kept] }] : [now];
    });
    const layers = courses[0].start.map((_, l) => l + 1);
    rheobase.lines(part("gradients"), {
      series: series.map((s) => ({ ...s, x: layers, y: s.y.map((v) => (v > 0 && v < Infinity ? v : NaN)) })),
      xLabel: "hidden layer",
      yLabel: "size of the gradient",
      yLog: true,
      title: "The gradient at every layer",
      height: 340,
    });
  }

  function drawLosses() {
    const series = courses.map((c, k) => ({ label: c.f.name, colour: colour(k), dash: "", ...smoothed(c) }));
    const highest = Math.max(...series.flatMap((s) => s.y).filter(Number.isFinite), 1);
    const domains = { xDomain: [0, Math.max(FEW, ...courses.map((c) => c.losses.length))], yDomain: [0, highest] };
    rheobase.lines(part("losses"), { series, ...domains, xLabel: "step", yLabel: "loss", title: "The loss", height: 280 });
  }

  /** The loss at the start, and at most 200 points more, each the mean over a stretch of steps. */
  function smoothed({ firstLoss, losses }) {
    const stretch = Math.max(1, Math.ceil(losses.length / 200));
    const starts = Array.from({ length: Math.floor(losses.length / stretch) }, (_, k) => k * stretch);
    return {
      x: [0, ...starts.map((s) => s + stretch)],
      y: [firstLoss, ...starts.map((s) => rheobase.mean(losses.slice(s, s + stretch)))],
    };
  }

  /** What can change while a network trains; everything else starts it again. */
  const LIVE = { rate: () => {}, beside: () => task.draw() };
  const controls = new Controls(root, (name) => (LIVE[name] ?? (() => runner.reset()))());
  const runner = new Runner(root, task);
})();
