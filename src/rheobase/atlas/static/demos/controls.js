/** What a reader sets: sliders, choices, and functions of the catalogue with their parameters. */
(() => {
  "use strict";
  const rheobase = (window.rheobase ??= {});
  const { element } = rheobase;

  /** A number in three significant digits, with a power of ten where that is shorter. */
  function short(value) {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : value > 0 ? "∞" : "−∞";
    const size = Math.abs(value);
    const [digits, power] = value.toExponential(1).split("e");
    const plain = size === 0 || (size >= 1e-3 && size < 1e5);
    return (plain ? String(Number(value.toPrecision(3))) : `${digits}·10${rheobase.raised(Number(power))}`).replace("-", "−");
  }

  /** The number a slider stands for; where it has data-base, its position is the exponent. */
  const sliderValue = (input) => (input.dataset.base ? Number(input.dataset.base) ** input.value : Number(input.value));

  function showSlider(input) {
    const text = short(sliderValue(input));
    input.closest("label").querySelector("output").value = text;
    input.setAttribute("aria-valuetext", text);
  }

  /** A slider for a parameter of a function. */
  function parameterSlider({ name, value, low, high }) {
    const input = element("input", { type: "range", min: low, max: high, step: "any", value, "data-parameter": name });
    return element("label", { class: "slider" }, element("span", {}, name), input, element("output", { "aria-hidden": true }));
  }

  /** The choice of a function; `bound` is the function at the chosen parameters, null where none is chosen. */
  class FunctionPicker {
    constructor(root, changed) {
      Object.assign(this, { root, changed, select: root.querySelector("select") });
      const names = Object.keys(rheobase.functions);
      this.select.append(...names.map((name) => element("option", { value: name }, name)));
      this.select.value = root.dataset.start;
      this.select.addEventListener("change", () => {
        this.offer();
        this.changed();
      });
      this.offer();
    }

    /** Sliders for the parameters of the chosen function. */
    offer() {
      const place = this.root.querySelector(".parameters");
      const f = rheobase.functions[this.select.value];
      place.replaceChildren(...(f ? f.parameters.map(parameterSlider) : []));
      place.querySelectorAll("input").forEach((input) => {
        showSlider(input);
        input.addEventListener("input", () => {
          showSlider(input);
          this.changed();
        });
      });
    }

    choose(name) {
      this.select.value = name;
      this.offer();
    }

    get bound() {
      if (!this.select.value) return null;
      const inputs = [...this.root.querySelectorAll("[data-parameter]")];
      return rheobase.bind(this.select.value, Object.fromEntries(inputs.map((i) => [i.dataset.parameter, Number(i.value)])));
    }
  }

  /** The controls inside `root`: get(name) reads one, functions lists the pickers; `changed(name)` is called on changes. */
  class Controls {
    constructor(root, changed) {
      this.inputs = Object.fromEntries([...root.querySelectorAll("[data-name]")].map((i) => [i.dataset.name, i]));
      Object.entries(this.inputs).forEach(([name, input]) => {
        if (input.type === "range") showSlider(input);
        input.addEventListener("input", () => {
          if (input.type === "range") showSlider(input);
          changed(name);
        });
      });
      const pickers = [...root.querySelectorAll("[data-function]")];
      this.functions = pickers.map((p) => new FunctionPicker(p, () => changed("function")));
      document.querySelectorAll(`[data-set=${root.id}]`).forEach((button) =>
        button.addEventListener("click", () => {
          this.set(JSON.parse(button.dataset.to));
          changed("all");
          root.scrollIntoView();
          root.querySelector("[data-act=run]").focus({ preventScroll: true });
        }),
      );
    }

    /** Sets controls by name, and the functions in their order. */
    set({ functions = [], ...values }) {
      functions.forEach((name, k) => this.functions[k].choose(name));
      Object.entries(values).forEach(([name, value]) => {
        this.inputs[name].value = value;
        if (this.inputs[name].type === "range") showSlider(this.inputs[name]);
      });
    }

    get(name) {
      const input = this.inputs[name];
      if (input.type === "range") return sliderValue(input);
      return input.type === "checkbox" ? input.checked : input.value;
    }
  }

  /** The rows of a table's body, from texts; the first of each is its head. */
  function fillTable(table, rows) {
    const line = ([head, ...cells]) =>
      element("tr", {}, element("th", { scope: "row" }, head), ...cells.map((text) => element("td", { class: "number" }, text)));
    table.tBodies[0].replaceChildren(...rows.map(line));
  }

  Object.assign(rheobase, { short, Controls, fillTable });
})();
