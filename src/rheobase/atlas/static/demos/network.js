/**
 * A small multilayer perceptron: batched forward and backward passes on Float64Array.
 * Matrices are stored by rows: a batch has a row per sample, weights a row per unit.
 */
(() => {
  "use strict";
  const rheobase = (window.rheobase ??= {});

  /** The defaults of a function's parameters, by name. */
  const defaults = (name) => Object.fromEntries(rheobase.functions[name].parameters.map((p) => [p.name, p.value]));

  /** A function of the catalogue at fixed parameters: value(x) and slope(x). */
  function bind(name, parameters = defaults(name)) {
    const f = rheobase.functions[name];
    return { name, value: (x) => f.value(x, parameters), slope: (x) => f.slope(x, parameters) };
  }

  const IDENTITY = { value: (x) => x, slope: () => 1 };

  /** A layer of units: z = W·x + b, a = f(z). */
  class Layer {
    constructor(inputs, units, activation) {
      Object.assign(this, { inputs, units, activation });
      this.weight = new Float64Array(units * inputs);
      this.bias = new Float64Array(units);
      this.weightGradient = new Float64Array(units * inputs);
      this.biasGradient = new Float64Array(units);
      this.allocate(0);
    }

    /** Room for what a batch of `count` samples leaves behind: z, a and the gradient of the loss by z. */
    allocate(count) {
      this.count = count;
      this.z = new Float64Array(count * this.units);
      this.a = new Float64Array(count * this.units);
      this.delta = new Float64Array(count * this.units);
    }

    forward(x, count) {
      if (count !== this.count) this.allocate(count);
      this.x = x;
      const { inputs, units, weight, z, a, activation } = this;
      for (let n = 0; n < count; n++) {
        for (let u = 0; u < units; u++) {
          let sum = this.bias[u];
          for (let i = 0; i < inputs; i++) sum += weight[u * inputs + i] * x[n * inputs + i];
          z[n * units + u] = sum;
          a[n * units + u] = activation.value(sum);
        }
      }
      return a;
    }

    /** From the gradient by a to that by z, kept as `delta`. */
    throughActivation(gradient) {
      for (let k = 0; k < gradient.length; k++) this.delta[k] = gradient[k] * this.activation.slope(this.z[k]);
    }

    /** From the gradient by z to those by weights, biases and inputs; the last is returned. */
    backward() {
      const { inputs, units, weight, weightGradient, biasGradient, x, delta, count } = this;
      const back = new Float64Array(count * inputs);
      weightGradient.fill(0);
      biasGradient.fill(0);
      for (let n = 0; n < count; n++) {
        for (let u = 0; u < units; u++) {
          const d = delta[n * units + u];
          biasGradient[u] += d;
          for (let i = 0; i < inputs; i++) {
            weightGradient[u * inputs + i] += d * x[n * inputs + i];
            back[n * inputs + i] += d * weight[u * inputs + i];
          }
        }
      }
      return back;
    }
  }

  /** A chain of layers with `sizes` units, input first; the last one is linear. */
  class Network {
    constructor(sizes, activation) {
      this.layers = sizes.slice(1).map((units, l) => {
        const last = l === sizes.length - 2;
        return new Layer(sizes[l], units, last ? IDENTITY : activation);
      });
    }

    get hidden() {
      return this.layers.slice(0, -1);
    }

    /** Weights from N(0, scale²/inputs), of the first layer, which sees the data and not f, from N(0, 1/inputs); biases 0. */
    initialise(random, scale) {
      this.layers.forEach((layer, l) => {
        const deviation = (l === 0 ? 1 : scale) / Math.sqrt(layer.inputs);
        layer.weight.forEach((_, k) => (layer.weight[k] = deviation * random.normal()));
        layer.bias.fill(0);
      });
      return this;
    }

    /** The outputs for `count` samples, one row each. */
    forward(x, count) {
      return this.layers.reduce((signal, layer) => layer.forward(signal, count), x);
    }

    /** The gradients of all weights and biases, from the loss's gradient by the outputs of the last forward pass. */
    backward(outputGradient) {
      let gradient = outputGradient;
      for (const layer of [...this.layers].reverse()) {
        layer.throughActivation(gradient);
        gradient = layer.backward();
      }
    }

    /** What is trained, with its gradient, array by array. */
    get parameters() {
      return this.layers.flatMap((layer) => [
        { value: layer.weight, gradient: layer.weightGradient },
        { value: layer.bias, gradient: layer.biasGradient },
      ]);
    }

    /** The loss and all gradients on a batch {x, y, count}. */
    gradients(batch, loss) {
      const outputs = this.forward(batch.x, batch.count);
      const { value, gradient } = loss(outputs, batch.y);
      this.backward(gradient);
      return value;
    }
  }

  /** Mean cross-entropy of two classes, targets 0 or 1: softplus(z) - y·z, whose slope by z is sigmoid(z) - y. */
  function crossEntropy(outputs, targets) {
    const softplus = bind("softplus");
    const gradient = new Float64Array(outputs.length);
    let sum = 0;
    outputs.forEach((z, n) => {
      sum += softplus.value(z) - targets[n] * z;
      gradient[n] = (softplus.slope(z) - targets[n]) / outputs.length;
    });
    return { value: sum / outputs.length, gradient };
  }

  /** Gradient descent with momentum: returns step(parameters, rate). */
  function sgd(momentum = 0) {
    const memory = new Map();
    return (parameters, rate) => {
      for (const { value, gradient } of parameters) {
        if (!memory.has(value)) memory.set(value, new Float64Array(value.length));
        const velocity = memory.get(value);
        for (let k = 0; k < value.length; k++) {
          velocity[k] = momentum * velocity[k] + gradient[k];
          value[k] -= rate * velocity[k];
        }
      }
    };
  }

  /** Adam (Kingma & Ba, 2015) with the paper's constants: returns step(parameters, rate). */
  function adam(beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8) {
    const memory = new Map();
    let steps = 0;
    return (parameters, rate) => {
      steps += 1;
      const [first, second] = [1 - beta1 ** steps, 1 - beta2 ** steps];
      for (const { value, gradient } of parameters) {
        if (!memory.has(value)) memory.set(value, [new Float64Array(value.length), new Float64Array(value.length)]);
        const [mean, square] = memory.get(value);
        for (let k = 0; k < value.length; k++) {
          mean[k] = beta1 * mean[k] + (1 - beta1) * gradient[k];
          square[k] = beta2 * square[k] + (1 - beta2) * gradient[k] ** 2;
          value[k] -= (rate * mean[k]) / first / (Math.sqrt(square[k] / second) + epsilon);
        }
      }
    };
  }

  const optimisers = { sgd: () => sgd(), momentum: () => sgd(0.9), adam: () => adam() };

  /** The mean of an array, and the root of its mean square. */
  const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const rms = (values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);

  Object.assign(rheobase, { bind, defaults, Network, crossEntropy, optimisers, mean, rms });
})();
