/** Random numbers from a seed, and the two small data sets drawn with them. */
(() => {
  "use strict";
  const rheobase = (window.rheobase ??= {});

  /** xorshift32 (Marsaglia, Xorshift RNGs, 2003), its seed spread over 32 bits by a multiplication; normal by Box and Muller. */
  class Random {
    constructor(seed) {
      this.state = Math.imul(seed + 1, 0x9e3779b1) || 1;
      for (let k = 0; k < 16; k++) this.uniform();
    }

    /** In (0, 1). */
    uniform() {
      this.state ^= this.state << 13;
      this.state ^= this.state >>> 17;
      this.state ^= this.state << 5;
      return (this.state >>> 0) / 2 ** 32;
    }

    normal() {
      return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
    }

    integer(below) {
      return Math.floor(this.uniform() * below);
    }
  }

  /** Each column less its mean, over its deviation. */
  function standardised(x, columns) {
    const count = x.length / columns;
    for (let c = 0; c < columns; c++) {
      const column = Float64Array.from({ length: count }, (_, n) => x[n * columns + c]);
      const centre = rheobase.mean(column);
      const deviation = rheobase.rms(column.map((v) => v - centre));
      for (let n = 0; n < count; n++) x[n * columns + c] = (column[n] - centre) / deviation;
    }
    return x;
  }

  /** Two classes in the plane: `curve(t, label)` is the place of a point, t in (0, 1), to which noise is added. */
  function twoClasses(count, random, noise, curve) {
    const y = Float64Array.from({ length: count }, (_, n) => n % 2);
    const x = new Float64Array(2 * count);
    y.forEach((label, n) => {
      const [a, b] = curve(random.uniform(), label);
      x[2 * n] = a + noise * random.normal();
      x[2 * n + 1] = b + noise * random.normal();
    });
    return { x: standardised(x, 2), y, count };
  }

  const datasets = {
    moons: (count, random) =>
      twoClasses(count, random, 0.12, (t, label) =>
        label ? [1 - Math.cos(Math.PI * t), 0.5 - Math.sin(Math.PI * t)] : [Math.cos(Math.PI * t), Math.sin(Math.PI * t)],
      ),
    spirals: (count, random) =>
      twoClasses(count, random, 0.04, (t, label) => {
        const [radius, angle] = [0.15 + t, 3.2 * t * Math.PI * 0.75 + label * Math.PI];
        return [radius * Math.cos(angle), radius * Math.sin(angle)];
      }),
  };

  /** `count` samples drawn from the data, with replacement. */
  function minibatch(data, count, random) {
    const columns = data.x.length / data.count;
    const x = new Float64Array(count * columns);
    const y = new Float64Array(count);
    for (let n = 0; n < count; n++) {
      const from = random.integer(data.count);
      x.set(data.x.subarray(from * columns, (from + 1) * columns), n * columns);
      y[n] = data.y[from];
    }
    return { x, y, count };
  }

  Object.assign(rheobase, { Random, datasets, minibatch });
})();
