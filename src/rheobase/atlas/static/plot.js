// Lines over a common look: drawn by Observable Plot, with a legend, and the same numbers as a table.
(function () {
"use strict";
const rheobase = (window.rheobase = window.rheobase || {});
const DASHES = ["", "7 4", "2 4", "9 3 2 3", "4 2", "12 4"];
const ROWS = 25;
const drawn = new WeakMap();

const colour = (series, k) => series.colour || `var(--series-${(k % 6) + 1})`;
const dash = (series, k) => (series.dash === undefined ? DASHES[k % DASHES.length] : series.dash || "");

rheobase.shown = function (value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const [digits, power] = value.toExponential(3).split("e");
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? `${Number(digits)}·10${rheobase.raised(Number(power))}` : String(Number(value.toPrecision(5)));
  return text.replace("-", "−");
};

// A whole power in raised digits: 10⁻³.
rheobase.raised = (power) => [...String(power)].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"["0123456789-".indexOf(c)]).join("");
const tenTo = (value) => { const power = Math.log10(value); return Math.abs(power - Math.round(power)) < 1e-9 ? `10${rheobase.raised(Math.round(power))}` : ""; };

// The ticks of an axis: where all numbers are whole, no fractions between them.
function ticks(all, domain, count) {
  return all.every(Number.isInteger) ? { ticks: d3.ticks(...domain, count).filter(Number.isInteger), tickFormat: String } : { ticks: count };
}

// Plot's own picture, as one image to those who do not see it: what its parts are called says nothing to them.
rheobase.draw = function (options) {
  const svg = Plot.plot({ style: { background: "none" }, ...options });
  svg.setAttribute("role", "img");
  for (const part of svg.querySelectorAll("[aria-label]")) {
    part.dataset.mark = part.getAttribute("aria-label");
    part.removeAttribute("aria-label");
  }
  return svg;
};

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
rheobase.element = element;

function sample(series, k) {
  const svg = d3.create("svg").attr("width", 26).attr("height", 10).attr("aria-hidden", "true");
  svg.append("line").attr("x1", 1).attr("x2", 25).attr("y1", 5).attr("y2", 5).attr("stroke-width", 2.5)
    .style("stroke", colour(series, k)).attr("stroke-dasharray", dash(series, k));
  return svg.node();
}

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

function legend(all) {
  return element("ul", { class: "legend" }, ...all.map((s, k) => element("li", {}, sample(s, k), s.label)));
}

// A single point is a dot: a line through it alone would not be seen.
function line(series, k, options) {
  if (series.x.length === 1) return Plot.dot(series.x, { x: series.x, y: series.y, r: 3.5, fill: colour(series, k) });
  return Plot.line(d3.range(series.x.length), {
    x: (i) => series.x[i],
    y: (i) => { const y = series.y[i]; return options.yLog && !(y > 0) ? NaN : y; },
    stroke: colour(series, k), strokeWidth: 2.4, strokeDasharray: dash(series, k),
    strokeLinejoin: "round", clip: true,
  });
}

function zone(z, domain) {
  const [low, high] = domain;
  const clipped = { x1: Math.max(z.from, low), x2: Math.min(z.to, high) };
  const fill = z.kind === "dead" ? "url(#hatch)" : "var(--shade)";
  return clipped.x1 < clipped.x2 ? [Plot.rectX([clipped], { x1: "x1", x2: "x2", fill, fillOpacity: z.kind === "dead" ? 1 : 0.65, ariaLabel: z.kind })] : [];
}

function picture(options, width) {
  const narrow = width < 480;
  const all = options.series.flatMap((s) => Array.from(s.x));
  const xs = options.xDomain || d3.extent(all);
  return rheobase.draw({
    width, height: options.height || Math.round(Math.max(240, Math.min(430, width * 0.58))),
    marginLeft: narrow ? 40 : 48, marginBottom: 40, marginTop: 24, marginRight: 12,
    ariaLabel: options.title || "", ariaDescription: options.series.map((s) => s.label).join(", "),
    x: { label: options.xLabel || null, type: options.xLog ? "log" : "linear", domain: xs, ...ticks(all, xs, narrow ? 5 : 9), labelArrow: "none" },
    y: { label: options.yLabel || null, type: options.yLog ? "log" : "linear", domain: options.yDomain, ticks: options.yLog ? 5 : 7, tickFormat: options.yLog ? tenTo : undefined, grid: true, labelArrow: "none", nice: !options.yDomain },
    marks: [
      ...(options.zones || []).flatMap((z) => zone(z, xs)),
      ...(options.axes ? [Plot.ruleX([0], { stroke: "var(--muted)", clip: true }), Plot.ruleY([0], { stroke: "var(--muted)", clip: true })] : []),
      ...(options.marks || []),
      ...options.series.map((s, k) => line(s, k, options)),
    ],
  });
}

function table(options) {
  const [first] = options.series;
  const shared = options.series.every((s) => s.x.length === first.x.length && s.x[0] === first.x[0] && s.x[s.x.length - 1] === first.x[first.x.length - 1]);
  const heads = shared ? [options.xLabel || "x", ...options.series.map((s) => s.label)] : ["curve", options.xLabel || "x", options.yLabel || "y"];
  const rows = shared
    ? places(first).map((i) => [first.x[i], ...options.series.map((s) => s.y[i])])
    : options.series.flatMap((s) => places(s).map((i) => [s.label, s.x[i], s.y[i]]));
  const cell = (value) => element("td", { class: "number" }, typeof value === "string" ? value : rheobase.shown(value));
  return element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((h) => element("th", { scope: "col", class: "number" }, h)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map(cell)))));
}

function places(series) {
  const count = Math.min(ROWS, series.x.length);
  return d3.range(count).map((k) => (count < 2 ? 0 : Math.round((k * (series.x.length - 1)) / (count - 1))));
}

function frame(host) {
  const box = { legend: element("div", {}), picture: element("div", {}), table: element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The curves as a table" }) };
  box.details = element("details", {}, element("summary", {}, "The curves as a table"), box.table);
  box.details.addEventListener("toggle", () => refresh(host));
  host.classList.add("plot");
  host.replaceChildren(box.legend, box.picture, box.details);
  new ResizeObserver(() => refresh(host)).observe(host);
  return box;
}

function refresh(host) {
  const held = drawn.get(host);
  const width = Math.floor(host.clientWidth);
  if (!held.options || width < 50) return;
  if (held.width !== width || held.seen !== held.options) {
    const { options } = held;
    held.legend.replaceChildren(...(options.series.length > 1 || options.legend ? [legend(options.series)] : []));
    held.picture.replaceChildren(picture(options, width));
    Object.assign(held, { width, seen: options });
  }
  if (held.details.open && held.tabled !== held.options) {
    held.table.replaceChildren(table(held.options));
    held.tabled = held.options;
  }
}

// options: series [{label, x, y, dash, colour}], xLabel, yLabel, xLog, yLog; xDomain, yDomain, height, title for
// readers who do not see it, axes (lines through 0), zones [{from, to, kind: "saturated" | "dead"}], marks (Plot's).
rheobase.lines = function (host, options) {
  if (!drawn.has(host)) drawn.set(host, frame(host));
  drawn.get(host).options = options;
  refresh(host);
};
})();
