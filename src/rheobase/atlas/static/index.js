// The index: searched, filtered, sorted.
"use strict";
(function () {
const items = [...document.querySelectorAll("#families li")];
const home = new Map(items.map((item) => [item, item.parentElement]));
const field = (id) => document.getElementById(id);
const chips = [...document.querySelectorAll(".chip")];
const UNITS = { cost: " ns", error: " ULP", gain: "" };
const UNKNOWN = { cost: "not measured", error: "not measured", gain: "has none" };
const listed = (text) => (text ? text.split("|") : []);

function fits(item) {
  const words = field("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const pressed = chips.filter((c) => c.getAttribute("aria-pressed") === "true").map((c) => c.dataset.facet);
  return words.every((word) => item.dataset.words.includes(word))
    && (!field("family").value || item.dataset.family === field("family").value)
    && (!field("library").value || listed(item.dataset.libraries).includes(field("library").value))
    && pressed.every((facet) => listed(item.dataset.facets).includes(facet));
}

function sort(order) {
  const sorted = field("sorted"), list = sorted.querySelector("ul");
  const value = (item) => (item.dataset[order] === undefined ? Infinity : Number(item.dataset[order]));
  const by = order === "name" ? (a, b) => a.dataset.name.localeCompare(b.dataset.name) : (a, b) => value(a) - value(b) || 0;
  for (const item of order ? [...items].sort(by) : items) (order ? list : home.get(item)).append(item);
  for (const item of items) {
    const known = UNITS[order] !== undefined && item.dataset[order] !== undefined;
    item.querySelector("[data-shown]").textContent = UNITS[order] === undefined ? "" : known ? `${Number(Number(item.dataset[order]).toPrecision(3))}${UNITS[order]}` : UNKNOWN[order];
  }
  sorted.hidden = !order;
  field("families").hidden = Boolean(order);
}

function update() {
  sort(field("order").value);
  for (const item of items) item.hidden = !fits(item);
  for (const family of document.querySelectorAll(".family")) family.hidden = ![...family.querySelectorAll("li")].some((item) => !item.hidden);
  const count = items.filter((item) => !item.hidden).length;
  field("count").textContent = count === items.length ? `${count} functions` : `${count} of ${items.length} functions`;
  field("none").hidden = count > 0;
}

for (const id of ["search", "family", "library", "order"]) field(id).addEventListener("input", update);
for (const chip of chips) {
  chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    update();
  });
}
field("filters").addEventListener("submit", (event) => event.preventDefault());
field("clear").addEventListener("click", () => {
  for (const id of ["search", "family", "library"]) field(id).value = "";
  for (const chip of chips) chip.setAttribute("aria-pressed", "false");
  update();
  field("search").focus();
});
update();
})();
