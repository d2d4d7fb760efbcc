"""Piecewise linear and quadratic functions grown from the rectifier."""

from rheobase.definition import Definition, Elsewhere, Noise, Parameter

identity = Definition(
    name="identity",
    title="Identity",
    formula="x",
    special={"-inf": "-inf", "0": "0", "inf": "inf"},
    reference="no activation at all: the baseline every other function is held against",
    aliases=("linear",),
    torch=Elsewhere("Identity", keeps="nothing"),
    jax=Elsewhere(function="identity"),
    keras=Elsewhere(function="linear"),
    onnx=Elsewhere(function="Identity"),
)

relu = Definition(
    name="relu",
    title="Rectified linear unit",
    formula="x if x > 0 else 0",
    kinks={"0": "0"},
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="Nair & Hinton, Rectified linear units improve restricted Boltzmann machines, 2010",
    aliases=("rectifier",),
    torch=Elsewhere("ReLU", "relu", keeps="output"),
    jax=Elsewhere(function="relu"),
    keras=Elsewhere("ReLU", "relu"),
    onnx=Elsewhere(function="Relu"),
    differs=("jax.numpy.maximum(x, 0) has slope 1/2 at 0; relu has 0 in torch, JAX and here.",),
)

leaky_relu = Definition(
    name="leaky_relu",
    title="Leaky ReLU",
    formula="x if x > 0 else negative_slope*x",
    parameters=(Parameter("negative_slope", 0.01, symbol="a"),),
    kinks={"0": "negative_slope"},
    special={"-inf": "-inf", "0": "0", "inf": "inf"},
    reference="Maas, Hannun & Ng, Rectifier nonlinearities improve neural network acoustic models, 2013",
    aliases=("lrelu",),
    torch=Elsewhere("LeakyReLU", "leaky_relu"),
    jax=Elsewhere(function="leaky_relu"),
    keras=Elsewhere("LeakyReLU", "leaky_relu"),
    onnx=Elsewhere(function="LeakyRelu", arguments={"negative_slope": "alpha"}),
    differs=(
        "The slope is 0.01 in torch, JAX and ONNX, 0.2 in tf.nn and keras.activations, 0.3 in Keras' layer.",
        "JAX's slope at 0 is 1; torch's and ours is the leak's.",
    ),
)

prelu = Definition(
    name="prelu",
    title="Parametric ReLU",
    formula="x if x > 0 else weight*x",
    parameters=(Parameter("weight", 0.25, symbol="a", learnable=True),),
    kinks={"0": "weight"},
    special={"-inf": "-inf", "0": "0", "inf": "inf"},
    reference="He, Zhang, Ren & Sun, Delving deep into rectifiers, 2015",
    torch=Elsewhere("PReLU", "prelu", arguments={"weight": "init"}),
    keras=Elsewhere("PReLU"),
    onnx=Elsewhere(function="PRelu", arguments={"weight": "slope"}),
    differs=("The slope starts at 0.25 in torch and Equinox, at 0.01 in Flax, at 0 (one per element) in Keras.",),
)

rrelu = Definition(
    name="rrelu",
    title="Randomised leaky ReLU",
    formula="x if x > 0 else slope*x",
    parameters=(Parameter("lower", 1 / 8, symbol="l"), Parameter("upper", 1 / 3, symbol="u")),
    noise=Noise("slope", quantile="lower + (upper - lower)*x", at_rest="(lower + upper)/2"),
    kinks={"0": "(lower + upper)/2"},
    special={"-inf": "-inf", "0": "0", "inf": "inf"},
    reference="Xu, Wang, Chen & Li, Empirical evaluation of rectified activations, 2015",
    torch=Elsewhere("RReLU", "rrelu"),
    differs=("Outside training the slope is the mean of its bounds, as in torch.",),
)

relu6 = Definition(
    name="relu6",
    title="ReLU capped at 6",
    formula="0 if x <= 0 else 6 if x >= 6 else x",
    kinks={"0": "0", "6": "0"},
    special={"-inf": "0", "0": "0", "inf": "6"},
    reference="Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010",
    torch=Elsewhere("ReLU6", "relu6"),
    jax=Elsewhere(function="relu6"),
    keras=Elsewhere(function="relu6"),
    onnx=Elsewhere(function="Clip", fixed={"min": 0.0, "max": 6.0}),
)

threshold = Definition(
    name="threshold",
    title="Threshold",
    formula="x if x > threshold else value",
    parameters=(Parameter("threshold", 0.0, symbol=r"\theta"), Parameter("value", 0.0, symbol="v")),
    kinks={"0": "0"},
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="Konda, Memisevic & Krueger, Zero-bias autoencoders and the benefits of co-adapting features, 2014",
    torch=Elsewhere("Threshold", "threshold"),
    keras=Elsewhere(function="threshold", arguments={"value": "default_value"}),
    differs=("torch asks for both arguments; ONNX's ThresholdedRelu switches at 1.",),
)

relu_squared = Definition(
    name="relu_squared",
    title="Squared ReLU",
    formula="x**2 if x > 0 else 0",
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="So et al., Primer: searching for efficient transformers for language modeling, 2021",
    aliases=("relu2", "squared_relu"),
)

star_relu = Definition(
    name="star_relu",
    title="StarReLU",
    formula="scale*x**2 + bias if x > 0 else bias",
    parameters=(
        Parameter("scale", 0.8944, symbol="s", learnable=True),
        Parameter("bias", -0.4472, symbol="b", learnable=True),
    ),
    special={"-inf": "bias", "0": "bias", "inf": "inf"},
    reference="Yu et al., MetaFormer baselines for vision, 2022",
    differs=("Scale and bias make the output of a standard normal input have mean 0 and variance 1.",),
)

FAMILY = (identity, relu, leaky_relu, prelu, rrelu, relu6, threshold, relu_squared, star_relu)
