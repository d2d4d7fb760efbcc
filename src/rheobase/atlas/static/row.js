// The page of a function of a row: outputs, slopes, and what one input does to all outputs.
(function () {
"use strict";
const rheobase = window.rheobase;
const f = rheobase.rows[document.getElementById("function").dataset.name];
const inputs = [...document.querySelectorAll("input[data-input]")];
const REACH = 5, POINTS = 200, DIGITS = ["₁", "₂", "₃", "₄", "₅"];
let drawn = inputs.map(() => 0.5);
let uniform = drawn;

// Groups of neighbours are rows of their own; a function without groups has one.
function rows(x, p) {
  if (!f.groups) return [x];
  const size = p[f.groups];
  return d3.range(0, x.length - size + 1, size).map((k) => x.slice(k, k + size));
}

const list = (value, like) => (Array.isArray(value) ? value : like.map(() => value));
const extra = (p) => (f.noise ? [drawn.map((_, k) => f.noise(uniform[k], p))] : []);

function outputs(x, p) {
  return rows(x, p).flatMap((row) => { const y = f.output(row, ...extra(p), p); return f.groups ? [y] : y; });
}

// ∂yᵢ/∂xⱼ: a diagonal and outer products.
function slopes(x, p) {
  return rows(x, p).map((row) => {
    const more = extra(p);
    const diagonal = list(f.diagonal(row, ...more, p), row);
    const outer = f.outer.map(([left, right]) => [list(left(row, ...more, p), row), list(right(row, ...more, p), row)]);
    return row.map((_, i) => row.map((__, j) => (i === j ? diagonal[i] : 0) + d3.sum(outer, ([l, r]) => l[i] * r[j])));
  });
}

function bars(y) {
  const host = document.getElementById("outputs");
  const low = 1.15 * Math.min(0, d3.min(y)), high = Math.max(low < 0 ? 0 : 1, d3.max(y));
  host.replaceChildren(rheobase.draw({
    width: Math.max(240, host.clientWidth), height: 240, marginLeft: 48, ariaLabel: "Outputs",
    x: { label: null, domain: y.map((_, k) => `y${DIGITS[k]}`), tickSize: 0 }, y: { label: null, domain: [low, high], grid: true },
    marks: [Plot.barY(y, { x: (_, k) => `y${DIGITS[k]}`, y: (d) => d, fill: "var(--series-1)", fillOpacity: 0.85 }),
      Plot.text(y, { x: (_, k) => `y${DIGITS[k]}`, y: (d) => d, text: places(y), dy: (low < 0 ? 12 : -9), fill: "var(--ink)" }), Plot.ruleY([0], { stroke: "var(--muted)" })],
  }));
}

// Numbers of a table or picture with as many decimals each: none if all are whole.
const places = (all) => (d) => d.toFixed(all.every(Number.isInteger) ? 0 : 3).replace("-", "−").replace(/^−(0\.?0*)$/, "$1");

// f's own values stand in the first output of each group where groups are reduced to one.
function heat(blocks) {
  const table = document.getElementById("jacobian");
  const cells = blocks.flatMap((block, b) => (f.groups ? [block[0]] : block).map((row, i) => ({ row, from: b * block.length, i: f.groups ? b : i })));
  const written = places(blocks.flat(2));
  const head = rheobase.element("tr", {}, rheobase.element("td", {}), ...d3.range(d3.sum(blocks, (b) => b.length)).map((j) => rheobase.element("th", { scope: "col" }, `x${DIGITS[j]}`)));
  const body = cells.map(({ row, from, i }) => rheobase.element("tr", {}, rheobase.element("th", { scope: "row" }, `y${DIGITS[i]}`),
    ...d3.range(head.children.length - 1).map((j) => {
      const slope = j >= from && j < from + row.length ? row[j - from] : 0;
      const tone = slope < 0 ? "var(--series-1)" : "var(--series-2)";
      const share = Math.min(60, 100 * Math.abs(slope) * (Math.abs(slope) < 1 ? 0.8 : 0.5));
      return rheobase.element("td", { class: "number", style: `background: color-mix(in srgb, ${tone} ${share.toFixed(0)}%, transparent)` }, written(slope));
    })));
  table.replaceChildren(rheobase.element("thead", {}, head), rheobase.element("tbody", {}, ...body));
}

function update() {
  const x = inputs.map((input) => Number(input.value)), p = rheobase.parameters();
  const y = outputs(x, p);
  bars(y);
  heat(slopes(x, p));
  const noise = extra(p).map((all) => `Noise ${all.map(places(all)).join(", ")}. `);
  rheobase.read("reading", noise.join(""), y.map((value, k) => [`y${DIGITS[k]}`, Number(value.toFixed(5))]));
  if (!f.groups) document.getElementById("reading").append(`; sum ${rheobase.shown(Number(d3.sum(y).toFixed(6)))}`);
  const at = rheobase.grid(REACH, POINTS);
  const moved = at.map((first) => outputs([first, ...x.slice(1)], p));
  const series = y.map((_, k) => rheobase.curve(`y${DIGITS[k]}`, at, (_x, n) => moved[n][k]));
  rheobase.lines(document.getElementById("plot"), { title: `Outputs of ${f.name} as the first input moves`, series, xLabel: "x₁", axes: true, height: 300,
    xDomain: [-REACH, REACH], yDomain: rheobase.window(series, 10),
    marks: [Plot.ruleX([x[0]], { stroke: "var(--ink)", strokeDasharray: "1 3" })] });
}

const soon = rheobase.watch(update);
const button = document.getElementById("draw");
if (button) button.addEventListener("click", () => { uniform = drawn.map(() => Math.random() || 0.5); soon(); });
new ResizeObserver(soon).observe(document.getElementById("outputs"));
})();
