/** A linear unit of two weights that learns from samples whose inputs went through an activation function. */
(() => {
  "use strict";
  const rheobase = (window.rheobase ??= {});
  const SAMPLES = 256;

  /** Reached where the loss is this share of that at the start; how long is waited for it. */
  const [GOAL, LIMIT] = [0.01, 2000];

  /** The learning rates that are tried, and on how many draws of the batches. */
  const RATES = Array.from({ length: 31 }, (_, k) => 10 ** (-1.5 + k / 10));
  const DRAWS = 11;

  /** Pairs of inputs f(u), u ~ N(0, 1), less their mean if `centred`. */
  function inputs(f, random, centred) {
    const a = Float64Array.from({ length: 2 * SAMPLES }, () => f.value(random.normal()));
    const shift = centred ? rheobase.mean(a) : 0;
    return a.map((v) => v - shift);
  }

  /** E a·aᵀ as [xx, xy, yy]. */
  function moments(a) {
    const product = (i, j) => rheobase.mean(Float64Array.from({ length: SAMPLES }, (_, n) => a[2 * n + i] * a[2 * n + j]));
    return [product(0, 0), product(0, 1), product(1, 1)];
  }

  /** Eigenvalues, the larger one first, and the angle of its direction. */
  function eigen([xx, xy, yy]) {
    const [centre, radius] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
    return { large: centre + radius, small: centre - radius, angle: Math.atan2(2 * xy, xx - yy) / 2 };
  }

  /** ½·E(miss·a)²: the loss of weights that miss the target by `miss`. */
  const loss = ([xx, xy, yy], [p, q]) => (xx * p * p + 2 * xy * p * q + yy * q * q) / 2;

  /** The share of samples whose two inputs, and so whose two weight gradients, do not have opposite signs. */
  const sameSign = (a) => rheobase.mean(Float64Array.from({ length: SAMPLES }, (_, n) => a[2 * n] * a[2 * n + 1] >= 0));

  /** A task for a unit: find `target` from weights 0 with `batch` samples per step. */
  function problem(f, seed, { target, batch, centred = false }) {
    const a = inputs(f, new rheobase.Random(seed), centred);
    const curvature = moments(a);
    return { a, curvature, target, batch, same: sameSign(a), first: loss(curvature, target), ...eigen(curvature) };
  }

  /** The gradient by the two weights on a batch of samples drawn. */
  function gradient({ a, target, batch }, [w, v], random) {
    let [g, h] = [0, 0];
    for (let k = 0; k < batch; k++) {
      const n = 2 * random.integer(SAMPLES);
      const miss = (w - target[0]) * a[n] + (v - target[1]) * a[n + 1];
      g += (miss * a[n]) / batch;
      h += (miss * a[n + 1]) / batch;
    }
    return [g, h];
  }

  /** The loss at these weights as a share of that at the start. */
  const remaining = ({ curvature, target, first }, [w, v]) => loss(curvature, [w - target[0], v - target[1]]) / first;

  /** Steps to the goal; `limit` where it is not reached before. */
  function steps(unit, rate, random, limit = LIMIT) {
    let at = [0, 0];
    for (let k = 0; k < limit; k++) {
      const left = remaining(unit, at);
      if (left <= GOAL) return k;
      if (!(left < 1e6)) return limit;
      const [g, h] = gradient(unit, at, random);
      at = [at[0] - rate * g, at[1] - rate * h];
    }
    return limit;
  }

  /** The median number of steps over draws of the batches from `seed` on. */
  function usual(unit, rate, seed, limit = LIMIT) {
    const counts = Array.from({ length: DRAWS }, (_, k) => steps(unit, rate, new rheobase.Random(seed + k), limit));
    return counts.sort((one, other) => one - other)[(DRAWS - 1) / 2];
  }

  /** The learning rate with the fewest usual steps. */
  function tuned(unit, seed) {
    let best = { rate: RATES[0], count: LIMIT };
    for (const rate of RATES) {
      const count = usual(unit, rate, seed, best.count);
      if (count < best.count) best = { rate, count };
    }
    return best.rate;
  }

  rheobase.unit = { GOAL, LIMIT, DRAWS, problem, gradient, remaining, usual, tuned };
})();
