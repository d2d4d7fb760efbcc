// Where a function passes little or no gradient on, at any values of its parameters.
(function () {
"use strict";
const rheobase = window.rheobase;
// Slopes are looked at between ±REACH: beyond, exponentials underflow to a 0 that is none.
const REACH = 20, CELLS = 4000, FAR = 1e4, HALVINGS = 60, CLOSER = 400;

// zones(f, p, share): [{from, to, kind}]; saturated where |f'| stays below `share` of its maximum, dead where it is 0.
rheobase.zones = function (f, p, share) {
  const x = d3.range(CELLS + 1).map((k) => (REACH * (2 * k - CELLS)) / CELLS);
  const slope = x.map((at) => Math.abs(f.slope(at, p)));
  return [...dead(f, p, x, slope), ...saturated(f, p, x, slope, share)];
};

function between(low, high, isLow) {
  for (let k = 0; k < HALVINGS; k += 1) {
    const middle = (low + high) / 2;
    if (isLow(middle)) low = middle; else high = middle;
  }
  return (low + high) / 2;
}

// The largest slope, looked for more closely around that of the grid.
function steepest(x, slope, size) {
  const k = d3.maxIndex(slope), low = x[Math.max(0, k - 1)], high = x[Math.min(CELLS, k + 1)];
  return d3.max(d3.range(CLOSER + 1), (j) => size(low + ((high - low) * j) / CLOSER));
}

function saturated(f, p, x, slope, share) {
  const size = (at) => Math.abs(f.slope(at, p));
  const far = Math.max(size(-FAR), size(FAR));
  const most = Math.max(far, steepest(x, slope, size));
  // a slope that is far larger out there grows without bound
  if (most === 0 || !(far < 1.5 * d3.max(slope))) return [];
  const isSmall = (at) => size(at) < share * most;
  const first = slope.findIndex((s) => s >= share * most);
  const last = slope.findLastIndex((s) => s >= share * most);
  const left = first > 0 ? [{ from: -Infinity, to: between(x[first - 1], x[first], isSmall), kind: "saturated" }] : [];
  const right = last < CELLS ? [{ from: between(x[last], x[last + 1], (at) => !isSmall(at)), to: Infinity, kind: "saturated" }] : [];
  return [...left, ...right];
}

function dead(f, p, x, slope) {
  const isZero = (at) => f.slope(at, p) === 0;
  const zones = [];
  let start = null;
  for (let k = 0; k <= CELLS + 1; k += 1) {
    const zero = k <= CELLS && slope[k] === 0;
    if (zero && start === null) start = k;
    if (!zero && start !== null) {
      // one 0 alone is a turning point
      if (k - start > 2) {
        zones.push({
          from: start === 0 ? -Infinity : between(x[start - 1], x[start], (at) => !isZero(at)),
          to: k > CELLS ? Infinity : between(x[k - 1], x[k], isZero),
          kind: "dead",
        });
      }
      start = null;
    }
  }
  // across a jump the slope may be 0 on both sides
  return zones;
}
})();
