// Two to six functions in one plot; the address holds the choice: compare.html#gelu,silu or #slope:gelu,silu.
(function () {
"use strict";
const rheobase = window.rheobase;
const FEWEST = 2, MOST = 6, POINTS = 600, TALLEST = 6;
const START = ["relu", "gelu", "silu", "tanh"];
const MEASURED = [["error in float32, ULP", "error", 4], ["forward and backward, ns per element", "cost", 3]];
const boxes = [...document.querySelectorAll("#choice input")];
const orders = [...document.querySelectorAll("[name=order]")];
const known = (name) => Object.hasOwn(rheobase.functions, name);
let chosen = [], left = [];

function read() {
  const [first, second] = text(location.hash.slice(1)).split(":");
  const order = orders.find((o) => o.value === first) || orders[0];
  const asked = [...new Set((second === undefined ? first : second).split(",").map((name) => name.trim()).filter(Boolean))];
  const names = asked.filter(known).slice(0, MOST);
  left = asked.filter((name) => !names.includes(name));
  chosen = names.length ? names : START;
  order.checked = true;
  for (const box of boxes) box.checked = chosen.includes(box.value);
}

// The address is free to hold anything, also a lone %.
function text(hash) {
  try {
    return decodeURIComponent(hash);
  } catch (malformed) {
    return hash;
  }
}

function write() {
  const order = orders.find((o) => o.checked).value;
  const hash = `#${order === "value" ? "" : `${order}:`}${chosen.join(",")}`;
  if (hash !== location.hash) history.replaceState(null, "", hash);
}

function facts() {
  const rows = chosen.map((name) => rheobase.facts[name]);
  const labels = rows[0].lines.map(([label]) => label);
  const made = rheobase.element;
  const link = (name) => made("a", { href: rheobase.facts[name].page }, name);
  const line = (label, texts) => made("tr", {}, made("th", { scope: "row" }, label), ...texts.map((t) => made("td", {}, t)));
  const measured = MEASURED.map(([label, key, digits]) => line(label, rows.map((r) => rheobase.shown(r[key] && Number(r[key].toPrecision(digits))))));
  document.getElementById("facts").replaceChildren(
    made("thead", {}, made("tr", {}, made("td", {}), ...chosen.map((name) => made("th", { scope: "col" }, link(name))))),
    made("tbody", {}, ...labels.map((label, k) => line(label, rows.map((r) => r.lines[k][1]))), ...measured));
}

function draw() {
  const key = orders.find((o) => o.checked).value, reach = rheobase.number("reach");
  const series = chosen.map((name) => rheobase.curve(name, rheobase.grid(reach, POINTS), (x) => rheobase.functions[name][key](x)));
  rheobase.lines(document.getElementById("plot"), { title: `${chosen.join(", ")} compared`, series, xLabel: "x", axes: true, legend: true,
    xDomain: [-reach, reach], yDomain: rheobase.window(series, TALLEST) });
  for (const box of boxes) box.disabled = box.checked ? chosen.length <= FEWEST : chosen.length >= MOST;
  const room = chosen.length >= MOST ? `${MOST} functions are the most; take one out to add another.`
    : chosen.length <= FEWEST ? "Add functions below." : "";
  document.getElementById("said").textContent = `${left.length ? `Left out: ${left.join(", ")} (here are functions of one number, ${MOST} at most). ` : ""}${room}`;
}

function update() {
  if (boxes.some((b) => b.checked !== chosen.includes(b.value))) left = [];
  chosen = [...chosen.filter((name) => boxes.some((b) => b.value === name && b.checked)), ...boxes.filter((b) => b.checked && !chosen.includes(b.value)).map((b) => b.value)];
  write();
  draw();
  facts();
}

read();
rheobase.watch(update);
window.addEventListener("hashchange", () => { read(); update(); });
})();
