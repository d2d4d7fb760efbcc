/** What mean-field theory expects of a wide network, from a function's value and slope alone. */
(() => {
  "use strict";
  const rheobase = (window.rheobase ??= {});

  const [REACH, PANELS] = [10, 1000];

  /** E g(z) for z ~ N(0, 1), by the midpoint rule. */
  function average(g) {
    const width = (2 * REACH) / PANELS;
    let sum = 0;
    for (let k = 0; k < PANELS; k++) {
      const z = -REACH + (k + 0.5) * width;
      sum += g(z) * Math.exp((-z * z) / 2);
    }
    return (sum * width) / Math.sqrt(2 * Math.PI);
  }

  /** E f(√q·z)² and E f'(√q·z)². */
  const secondMoment = (f, q) => average((z) => f.value(Math.sqrt(q) * z) ** 2);
  const slopeMoment = (f, q) => average((z) => f.slope(Math.sqrt(q) * z) ** 2);

  /** The weight scale that keeps the second moment: 1/√E f(z)². */
  const gain = (f) => 1 / Math.sqrt(secondMoment(f, 1));

  /**
   * The gradient by z expected at each of `depth` hidden layers, as a share of that at the last one.
   * The variance of z starts at 1 and becomes q' = scale²·E f(√q·z)²; going back through a layer
   * multiplies the gradient's variance by scale²·E f'(√q·z)².
   */
  function expectedGradients(f, depth, scale) {
    const factors = [];
    for (let l = 1, q = 1; l < depth; l++) {
      factors.push(scale * Math.sqrt(slopeMoment(f, q)));
      q = scale ** 2 * secondMoment(f, q);
    }
    const shares = [1];
    for (const factor of factors.reverse()) shares.unshift(shares[0] * factor);
    return shares;
  }

  Object.assign(rheobase, { average, gain, expectedGradients });
})();
