"""Functions that level off on both sides: the threshold gate and its smooth relatives."""

from rheobase.definition import Definition, Elsewhere, Parameter

step = Definition(
    name="step",
    title="Threshold gate",
    formula="0 if x < 0 else 1",
    kinks={"0": "0"},
    special={"0": "1"},
    straight_through="hard_tanh(x)",
    reference="McCulloch & Pitts, A logical calculus of the ideas immanent in nervous activity, 1943",
    aliases=("heaviside", "binary_step"),
    differs=(
        "At 0 the gate is on (1); numpy.heaviside asks for that value, MLX's step switches on at its threshold too.",
        "Its derivative is 0 wherever it exists: back-propagation cannot train through it.",
    ),
)

sigmoid = Definition(
    name="sigmoid",
    title="Logistic sigmoid",
    formula="1/(1 + exp(-x))",
    special={"-inf": "0", "0": "1/2", "inf": "1"},
    reference="Verhulst, Recherches mathématiques sur la loi d'accroissement de la population, 1845",
    aliases=("logistic", "expit"),
    torch=Elsewhere("Sigmoid", "sigmoid", keeps="output"),
    jax=Elsewhere(function="sigmoid"),
    keras=Elsewhere(function="sigmoid"),
    onnx=Elsewhere(function="Sigmoid"),
    differs=("ONNX Runtime's rational form is accurate absolutely, not relatively, for x << 0.",),
)

log_sigmoid = Definition(
    name="log_sigmoid",
    title="Logarithm of the sigmoid",
    formula="log(1/(1 + exp(-x)))",
    special={"-inf": "-inf", "inf": "0"},
    reference="the logistic log-likelihood; Cox, The regression analysis of binary sequences, 1958",
    aliases=("logsigmoid",),
    torch=Elsewhere("LogSigmoid", "logsigmoid"),
    jax=Elsewhere(function="log_sigmoid"),
    keras=Elsewhere(function="log_sigmoid"),
)

hard_sigmoid = Definition(
    name="hard_sigmoid",
    title="Hard sigmoid",
    formula="0 if x <= -3 else 1 if x >= 3 else (x + 3)/6",
    kinks={"-3": "0", "3": "0"},
    special={"-inf": "0", "0": "1/2", "inf": "1"},
    reference="Howard et al., Searching for MobileNetV3, 2019",
    aliases=("hardsigmoid",),
    torch=Elsewhere("Hardsigmoid", "hardsigmoid"),
    jax=Elsewhere(function="hard_sigmoid"),
    keras=Elsewhere(function="hard_sigmoid"),
    onnx=Elsewhere(function="HardSigmoid", fixed={"alpha": 1 / 6, "beta": 0.5}),
    differs=(
        "ONNX's default slope is 0.2 (0.2x + 0.5), as in Theano and Keras 2; torch, JAX and Keras 3 use 1/6.",
        "BinaryNet's is (x + 1)/2.",
    ),
)

tanh = Definition(
    name="tanh",
    title="Hyperbolic tangent",
    formula="(exp(x) - exp(-x))/(exp(x) + exp(-x))",
    special={"-inf": "-1", "0": "0", "inf": "1"},
    reference="LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998",
    torch=Elsewhere("Tanh", "tanh", keeps="output"),
    jax=Elsewhere(function="tanh"),
    keras=Elsewhere(function="tanh"),
    onnx=Elsewhere(function="Tanh"),
)

hard_tanh = Definition(
    name="hard_tanh",
    title="Hard tanh",
    formula="min_val if x <= min_val else max_val if x >= max_val else x",
    parameters=(Parameter("min_val", -1.0, symbol="a"), Parameter("max_val", 1.0, symbol="b")),
    kinks={"-1": "0", "1": "0"},
    special={"-inf": "-1", "0": "0", "inf": "1"},
    reference="Collobert, Large scale machine learning, 2004",
    aliases=("hardtanh",),
    torch=Elsewhere("Hardtanh", "hardtanh"),
    jax=Elsewhere(function="hard_tanh", arguments={"min_val": "", "max_val": ""}),
    keras=Elsewhere(function="hard_tanh", arguments={"min_val": "", "max_val": ""}),
    onnx=Elsewhere(function="Clip", arguments={"min_val": "min", "max_val": "max"}),
    differs=("JAX's slope at -1 and 1 is 1; torch's and ours is 0.",),
)

softsign = Definition(
    name="softsign",
    title="Softsign",
    formula="x/(1 + abs(x))",
    special={"-inf": "-1", "0": "0", "inf": "1"},
    reference="Bergstra, Desjardins, Lamblin & Bengio, Quadratic polynomials learn better image features, 2009",
    aliases=("soft_sign",),
    torch=Elsewhere("Softsign", "softsign"),
    jax=Elsewhere(function="soft_sign"),
    keras=Elsewhere(function="softsign"),
    onnx=Elsewhere(function="Softsign"),
)

FAMILY = (step, sigmoid, log_sigmoid, hard_sigmoid, tanh, hard_tanh, softsign)
