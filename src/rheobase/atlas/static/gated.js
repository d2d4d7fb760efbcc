// The page of a gated unit: its output over the gate.
(function () {
"use strict";
const rheobase = window.rheobase;
const f = rheobase.gated[document.getElementById("function").dataset.name];
const CURVES = [["f(v, g)", "value"], ["∂f/∂v", "byValue"], ["∂f/∂g", "byGate"]];
const POINTS = 600, TALLEST = 6;

function curves() {
  const v = rheobase.number("value"), reach = rheobase.number("reach"), at = rheobase.number("at");
  const p = rheobase.parameters();
  const drawn = CURVES.map(([label, key]) => rheobase.curve(label, rheobase.grid(reach, POINTS), (g) => f[key](v, g, p)));
  rheobase.lines(document.getElementById("plot"), {
    title: `${f.name} over its gate`, series: drawn, xLabel: "gate g", axes: true,
    xDomain: [-reach, reach], yDomain: rheobase.window(drawn, TALLEST),
    marks: [Plot.ruleX([at], { stroke: "var(--ink)", strokeDasharray: "1 3" }),
      ...CURVES.map(([, key], k) => Plot.dot([at], { x: at, y: f[key](v, at, p), r: 4, fill: `var(--series-${k + 1})`, stroke: "var(--paper)", clip: true }))],
  });
  rheobase.read("reading", `At v = ${rheobase.shown(v)}, g = ${rheobase.shown(at)}: `, CURVES.map(([label, key]) => [label, f[key](v, at, p)]));
}

rheobase.watch(curves);
document.getElementById("reach").addEventListener("input", (event) => {
  const at = document.getElementById("at");
  at.min = -event.target.value;
  at.max = event.target.value;
});
})();
