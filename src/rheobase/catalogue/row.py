"""Functions of a whole row: each output depends on all inputs along an axis."""

from rheobase.definition import SCALED_EXPONENT, Definition, Elsewhere, Noise, Parameter
from rheobase.domain import Domain

POSITIVE = Domain.parse("(0, inf)")

softmax = Definition(
    name="softmax",
    title="Softmax",
    kind="row",
    formula="exp(x)/sum(exp(x))",
    reference="Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990",
    torch=Elsewhere("Softmax", "softmax", arguments={"axis": "dim"}, keeps="output"),
    jax=Elsewhere(function="softmax"),
    keras=Elsewhere("Softmax", "softmax"),
    onnx=Elsewhere(function="Softmax"),
    differs=("ONNX before opset 13 flattens to two dimensions and defaults to axis 1; torch asks for dim.",),
    accuracy=SCALED_EXPONENT,
)

log_softmax = Definition(
    name="log_softmax",
    title="Logarithm of softmax",
    kind="row",
    formula="x - log(sum(exp(x)))",
    reference="Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990",
    torch=Elsewhere("LogSoftmax", "log_softmax", arguments={"axis": "dim"}, keeps="output"),
    jax=Elsewhere(function="log_softmax"),
    keras=Elsewhere(function="log_softmax"),
    onnx=Elsewhere(function="LogSoftmax"),
)

softmin = Definition(
    name="softmin",
    title="Softmin",
    kind="row",
    formula="exp(-x)/sum(exp(-x))",
    reference="Boltzmann, Studien über das Gleichgewicht der lebendigen Kraft, 1868",
    torch=Elsewhere("Softmin", "softmin", arguments={"axis": "dim"}, keeps="output"),
    accuracy=SCALED_EXPONENT,
)

sparsemax = Definition(
    name="sparsemax",
    title="Sparsemax",
    kind="row",
    formula="x - simplex_threshold(x) if x > simplex_threshold(x) else 0",
    stable="centred(x) - simplex_threshold(centred(x)) if centred(x) > simplex_threshold(centred(x)) else 0",
    reason="large inputs lose the digits of the threshold, which lies 1 below them at most",
    reference="Martins & Astudillo, From softmax to sparsemax, 2016",
    differs=(
        "keras.activations.sparsemax (3.15) adds all running sums up instead of taking the last one: where more than "
        "one output is above 0, they do not add up to 1.",
    ),
)

gumbel_softmax = Definition(
    name="gumbel_softmax",
    title="Gumbel-softmax",
    kind="row",
    formula="exp((x + noise)/tau)/sum(exp((x + noise)/tau))",
    stable="exp(centred(x + noise)/tau)/total(exp(centred(x + noise)/tau))",
    reason="exp overflows, the sooner the smaller tau; dividing by tau after the shift keeps its digits",
    parameters=(Parameter("tau", 1.0, POSITIVE, r"\tau"),),
    noise=Noise("noise", quantile="-log(-log(x))"),
    reference="Jang, Gu & Poole, Categorical reparameterization with Gumbel-softmax, 2016",
    torch=Elsewhere(function="gumbel_softmax"),
    accuracy=SCALED_EXPONENT,
)

hardmax = Definition(
    name="hardmax",
    title="Hardmax",
    kind="row",
    formula="first_max(x)",
    reference="ONNX operator Hardmax; the limit of softmax(x/tau) for tau → 0",
    aliases=("argmax_onehot",),
    onnx=Elsewhere(function="Hardmax"),
    differs=("Of several largest elements the first gets the 1, as in ONNX.",),
)

maxout = Definition(
    name="maxout",
    title="Maxout",
    kind="row",
    formula="max(x)",
    parameters=(Parameter("pieces", 2, Domain.parse("[1, inf)"), "k"),),
    groups="pieces",
    reference="Goodfellow, Warde-Farley, Mirza, Courville & Bengio, Maxout networks, 2013",
    differs=("Neighbouring channels form a group; equal largest pieces share the gradient.",),
)

FAMILY = (softmax, log_softmax, softmin, sparsemax, gumbel_softmax, hardmax, maxout)
