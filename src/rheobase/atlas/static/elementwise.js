// The page of a function of one number: its curves, and what it makes of a normal distribution.
(function () {
"use strict";
const rheobase = window.rheobase;
const host = document.getElementById("function");
const f = rheobase.functions[host.dataset.name];
const share = Number(document.querySelector(".zones").dataset.share);
const CURVES = [["f(x)", "value"], ["f′(x)", "slope"], ["f″(x)", "curvature"]];
const POINTS = 600, TALLEST = 6, BINS = 100, SAMPLES = 16000;
// Standard deviations of the input that count; of input and output that are shown.
const FAR = 8, SHOWN = 4;

function curves() {
  const p = rheobase.parameters(), reach = rheobase.number("reach");
  const x = rheobase.grid(reach, POINTS);
  const zones = rheobase.zones(f, p, share);
  const shown = CURVES.filter((_, k) => document.querySelector(`[data-order="${k}"]`).checked);
  const drawn = shown.map(([label, key]) => rheobase.curve(label, x, (at) => f[key](at, p), `var(--series-${CURVES.findIndex((c) => c[1] === key) + 1})`));
  const at = rheobase.number("at");
  rheobase.lines(document.getElementById("plot"), {
    title: `${f.name} and its derivatives`, series: drawn, xLabel: "x", axes: true, zones, legend: true,
    xDomain: [-reach, reach], yDomain: drawn.length ? rheobase.window(drawn, TALLEST) : [-1, 1],
    marks: [Plot.ruleX([at], { stroke: "var(--ink)", strokeDasharray: "1 3" }),
      ...shown.map(([, key]) => Plot.dot([at], { x: at, y: f[key](at, p), r: 4, fill: `var(--series-${CURVES.findIndex((c) => c[1] === key) + 1})`, stroke: "var(--paper)", clip: true }))],
  });
  rheobase.read("reading", `At x = ${rheobase.shown(at)}: `, CURVES.map(([label, key]) => [label, f[key](at, p)]));
  const note = document.querySelector(".zones");
  for (const key of note.querySelectorAll("[data-zone]")) key.hidden = !zones.some((z) => z.kind === key.dataset.zone);
  note.hidden = !zones.length;
  density(p, zones);
}

const normal = (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

function density(p, zones) {
  const mean = rheobase.number("mean"), deviation = rheobase.number("deviation");
  // the middles of cells: where f jumps at the mean, none lies on the jump
  const z = d3.range(SAMPLES).map((k) => FAR * ((2 * k + 1) / SAMPLES - 1));
  const weights = z.map(normal), total = d3.sum(weights);
  const x = z.map((at) => mean + deviation * at), y = x.map((at) => f.value(at, p));
  const average = (of) => d3.sum(z, (_, k) => (weights[k] * of(k)) / total);
  const m = average((k) => y[k]), s = Math.sqrt(average((k) => (y[k] - m) ** 2));
  const inside = (kind) => average((k) => zones.some((zone) => zone.kind === kind && x[k] > zone.from && x[k] < zone.to) ? 1 : 0);
  const { atoms, line, most } = outputs(y, weights, total, d3.extent([-1, 1].flatMap((side) => [mean + side * SHOWN * deviation, m + side * SHOWN * s])));
  const input = { label: "input", x, y: x.map((at) => normal((at - mean) / deviation) / deviation), colour: "var(--muted)", dash: "2 4" };
  const top = 1.1 * Math.max(d3.max(input.y), most);
  const domain = d3.extent([...x.filter((_, k) => Math.abs(z[k]) < SHOWN), ...line.x]);
  rheobase.lines(document.getElementById("density-plot"), {
    title: "Densities of the input and of the output", series: [input, line], xLabel: "value", yLabel: "density",
    xDomain: domain, yDomain: [0, top], height: 300,
    marks: [Plot.areaY(x, { x: (_, k) => x[k], y: (_, k) => input.y[k], fill: "var(--shade)", fillOpacity: 0.8, clip: true }),
      ...atoms.flatMap((a, k) => [Plot.ruleX([a.at], { stroke: "var(--series-1)", strokeWidth: 4, y1: 0, y2: top * 0.92 }),
        Plot.text([a], { x: "at", y: top * 0.97, text: (d) => `${Math.round(100 * d.share)} % at ${rheobase.shown(d.at)}`, fill: "var(--ink)", ...(k === 0 ? { textAnchor: "end", dx: -6 } : { textAnchor: "start", dx: 6 }) })])],
  });
  document.getElementById("moments").textContent = `Output: mean ${rheobase.shown(Math.abs(m) < 1e-6 * s ? 0 : m)}, standard deviation ${rheobase.shown(s)}.` +
    ` Saturated: ${(100 * inside("saturated")).toFixed(0)} % of the inputs; dead: ${(100 * inside("dead")).toFixed(0)} %.`;
}

// The density of the output, as far as it lies in `near`, and values that it takes with a probability of their own.
function outputs(y, weights, total, near) {
  const shares = d3.rollup(d3.range(y.length), (v) => d3.sum(v, (k) => weights[k]) / total, (k) => y[k]);
  const atoms = [...shares].filter(([, share]) => share > 0.02).map(([at, share]) => ({ at, share })).sort((a, b) => a.at - b.at);
  const isAtom = (k) => atoms.some((a) => a.at === y[k]);
  const free = d3.range(y.length - 1).filter((k) => !(isAtom(k) && isAtom(k + 1)) && Number.isFinite(y[k] + y[k + 1]) && weights[k] > 1e-4);
  if (!free.length) return { atoms, line: { label: "output", x: [], y: [], colour: "var(--series-1)", dash: "" }, most: 0 };
  const [least, largest] = d3.extent(free, (k) => y[k]);
  const low = Math.max(least, near[0]), high = Math.min(largest, near[1]), width = (high - low) / BINS || 1;
  const heights = new Array(BINS).fill(0);
  // what lies between two points of the input is spread over what lies between their outputs
  for (const k of free) {
    const [from, to] = d3.extent([y[k], y[k + 1]]), mass = (weights[k] + weights[k + 1]) / 2 / total / width;
    const first = Math.max(0, Math.floor((from - low) / width)), last = Math.min(BINS - 1, Math.floor((to - low) / width));
    for (let b = first; b <= last; b += 1) {
      const overlap = Math.min(to, low + (b + 1) * width) - Math.max(from, low + b * width);
      heights[b] += mass * (to > from ? Math.max(overlap, 0) / (to - from) : 1 / (last - first + 1));
    }
  }
  const at = (k) => low + (k + 0.5) * width;
  const x = [low, ...d3.range(BINS).map(at), high], heightsAt = [0, ...heights, 0];
  // a fold of the curve piles values up: the picture need not be as high as that
  const most = Math.min(d3.max(heights), 3 * d3.quantile(heights, 0.9) + 0.2);
  return { atoms, line: { label: "output", x, y: heightsAt, colour: "var(--series-1)", dash: "" }, most };
}

const soon = rheobase.watch(curves);
document.getElementById("reach").addEventListener("input", (event) => {
  const at = document.getElementById("at");
  at.min = -event.target.value;
  at.max = event.target.value;
  soon();
});
})();
