// The claims, filtered by the functions that they are about.
"use strict";
(function () {
const items = [...document.querySelectorAll(".claim")];
const chips = [...document.querySelectorAll(".chip")];

function update() {
  const chosen = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.function);
  for (const item of items) item.hidden = chosen.length > 0 && !chosen.some((name) => item.dataset.functions.split("|").includes(name));
  const count = items.filter((item) => !item.hidden).length;
  document.getElementById("count").textContent = count === items.length ? `${count} claims` : `${count} of ${items.length} claims`;
}

for (const chip of chips) {
  chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
    update();
  });
}
update();
})();
