/** Zero-centred, in a network: the mean of the activations at every layer while it trains. */
(() => {
  "use strict";
  const { Controls, Runner, Network, Random, short } = rheobase;
  const root = document.querySelector("#means");
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const [SAMPLES, BATCH] = [256, 32];
  const GOAL = Number(root.dataset.goal);

  let courses = [];

  function begin(f, seed) {
    const sizes = [2, ...Array(controls.get("depth")).fill(controls.get("width")), 1];
    const network = new Network(sizes, f).initialise(new Random(seed + 1), rheobase.gain(f));
    const data = rheobase.datasets.moons(SAMPLES, new Random(seed));
    const optimise = rheobase.optimisers[controls.get("optimiser")]();
    return { f, network, data, optimise, batches: new Random(seed + 2), steps: 0, reached: null, ...measured(network, data) };
  }

  /** On all samples: the loss, the mean of the activations per layer, and the share (E a)²/E a² of the signal that is offset. */
  function measured(network, data) {
    const { value: loss } = rheobase.crossEntropy(network.forward(data.x, data.count), data.y);
    const means = network.hidden.map((layer) => rheobase.mean(layer.a));
    const offset = rheobase.mean(network.hidden.map((layer) => (rheobase.mean(layer.a) / rheobase.rms(layer.a)) ** 2));
    return { loss, means, offset };
  }

  function step(course) {
    const { network, data, batches, optimise } = course;
    network.gradients(rheobase.minibatch(data, BATCH, batches), rheobase.crossEntropy);
    optimise(network.parameters, controls.get("rate"));
    course.steps += 1;
    Object.assign(course, measured(network, data));
    if (course.loss <= GOAL) course.reached ??= course.steps;
  }

  const diverged = (c) => !Number.isFinite(c.loss);

  const task = {
    reset(seed) {
      courses = controls.functions.map((picker) => begin(picker.bound, seed));
    },
    advance() {
      courses.filter((c) => !diverged(c)).forEach(step);
      return courses.every(diverged) ? "over" : "step";
    },
    draw() {
      const layers = courses[0].means.map((_, l) => l + 1);
      const series = courses.map((c) => ({ label: c.f.name, x: layers, y: c.means }));
      const words = { xLabel: "hidden layer", yLabel: "mean activation", title: "The mean of the activations at every layer" };
      rheobase.lines(part("means"), { series, ...words, height: 260 });
      rheobase.fillTable(root.querySelector("table"), courses.map(row));
    },
    sentence: () => courses.map((c) => `${c.f.name}: loss ${loss(c)}, ${offset(c)} of the signal is offset`).join("; ") + ".",
  };

  const offset = (c) => `${short(Math.round(100 * c.offset))} %`;
  const loss = (c) => (diverged(c) ? "diverged" : short(c.loss));
  const row = (c) => [c.f.name, offset(c), loss(c), c.reached ?? "–"];

  const controls = new Controls(root, (name) => name !== "rate" && runner.reset());
  const runner = new Runner(root, task);
})();
