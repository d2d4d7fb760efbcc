/** A square of the plane as SVG: mathematical coordinates, y upwards. */
(() => {
  "use strict";
  const rheobase = (window.rheobase ??= {});
  const SVG = "http://www.w3.org/2000/svg";

  /** An SVG element with attributes; a line that is zoomed keeps its width. */
  function shape(tag, attributes, text = "") {
    const made = document.createElementNS(SVG, tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    made.textContent = text;
    return made;
  }

  /** An empty picture of [-reach, reach]² in `place`, for assistive technology described by `label`. */
  function plane(place, reach, label) {
    const svg = shape("svg", { viewBox: `${-reach} ${-reach} ${2 * reach} ${2 * reach}`, role: "img", "aria-label": label });
    place.replaceChildren(svg);
    return svg;
  }

  const line = (x1, y1, x2, y2, kind) => shape("line", { x1, y1: -y1, x2, y2: -y2, class: kind });
  const dot = (x, y, r, kind) => shape("circle", { cx: x, cy: -y, r, class: kind });
  const square = (x, y, r, kind) => shape("rect", { x: x - r, y: -y - r, width: 2 * r, height: 2 * r, class: kind });
  const path = (points, kind) => shape("polyline", { points: points.map(([x, y]) => `${x},${-y}`).join(" "), class: kind });
  const text = (x, y, size, words) => shape("text", { x, y: -y, "font-size": size }, words);

  /** An ellipse with half-axes a along the direction `angle` (radians) and b across. */
  const ellipse = (x, y, a, b, angle, kind) =>
    shape("ellipse", { rx: a, ry: b, transform: `translate(${x} ${-y}) rotate(${(-angle * 180) / Math.PI})`, class: kind });

  Object.assign(rheobase, { plane, marks: { line, dot, square, path, text, ellipse } });
})();
