"""Rectifiers whose bend or negative side is an exponential or a square root."""

from rheobase.definition import Definition, Elsewhere, Parameter
from rheobase.domain import Domain

POSITIVE = Domain.parse("(0, inf)")

elu = Definition(
    name="elu",
    title="Exponential linear unit",
    formula="x if x > 0 else alpha*(exp(x) - 1)",
    parameters=(Parameter("alpha", 1.0, symbol=r"\alpha"),),
    kinks={"0": "alpha"},
    special={"-inf": "-alpha", "0": "0", "inf": "inf"},
    reference="Clevert, Unterthiner & Hochreiter, Fast and accurate deep network learning by ELUs, 2015",
    torch=Elsewhere("ELU", "elu"),
    jax=Elsewhere(function="elu"),
    keras=Elsewhere("ELU", "elu"),
    onnx=Elsewhere(function="Elu"),
    differs=("TensorFlow and oneDNN compute exp(x) - 1, which loses all digits near 0.",),
)

celu = Definition(
    name="celu",
    title="Continuously differentiable ELU",
    formula="x if x > 0 else alpha*(exp(x/alpha) - 1)",
    parameters=(Parameter("alpha", 1.0, POSITIVE, r"\alpha"),),
    special={"-inf": "-alpha", "0": "0", "inf": "inf"},
    reference="Barron, Continuously differentiable exponential linear units, 2017",
    torch=Elsewhere("CELU", "celu"),
    jax=Elsewhere(function="celu"),
    keras=Elsewhere(function="celu"),
    onnx=Elsewhere(function="Celu"),
    differs=("Libraries disagree for alpha < 0, which the paper does not define; it is an error here.",),
)

selu = Definition(
    name="selu",
    title="Scaled ELU",
    formula="scale*x if x > 0 else scale*alpha*(exp(x) - 1)",
    constants={"scale": "1.0507009873554804934193349852946", "alpha": "1.6732632423543772848170429916717"},
    kinks={"0": "scale*alpha"},
    special={"0": "0", "inf": "inf"},
    reference="Klambauer, Unterthiner, Mayr & Hochreiter, Self-normalizing neural networks, 2017",
    torch=Elsewhere("SELU", "selu"),
    jax=Elsewhere(function="selu"),
    keras=Elsewhere(function="selu"),
    onnx=Elsewhere(function="Selu"),
    differs=("MLX and tinygrad cut both constants to six digits.",),
)

softplus = Definition(
    name="softplus",
    title="Softplus",
    formula="log(1 + exp(beta*x))/beta",
    parameters=(Parameter("beta", 1.0, POSITIVE, r"\beta"),),
    special={"-inf": "0", "inf": "inf"},
    reference="Dugas, Bengio, Bélisle, Nadeau & Garcia, Incorporating second-order functional knowledge, 2000",
    torch=Elsewhere("Softplus", "softplus", fixed={"threshold": 20.0}),
    jax=Elsewhere(function="softplus", arguments={"beta": ""}),
    keras=Elsewhere(function="softplus", arguments={"beta": ""}),
    onnx=Elsewhere(function="Softplus", arguments={"beta": ""}),
    differs=("torch replaces it by x where beta*x > 20: a jump of 2e-9; here it is exact everywhere.",),
)

squareplus = Definition(
    name="squareplus",
    title="Squareplus",
    formula="(x + sqrt(x**2 + b))/2",
    parameters=(Parameter("b", 4.0, Domain.parse("(0, inf)"), "b"),),
    special={"-inf": "0", "inf": "inf"},
    reference="Barron, Squareplus: a softplus-like algebraic rectifier, 2021",
    jax=Elsewhere(function="squareplus"),
    keras=Elsewhere(function="squareplus"),
)

exponential = Definition(
    name="exponential",
    title="Exponential",
    formula="exp(x)",
    special={"-inf": "0", "0": "1", "inf": "inf"},
    reference="the inverse link of Poisson regression; Nelder & Wedderburn, Generalized linear models, 1972",
    keras=Elsewhere(function="exponential"),
    onnx=Elsewhere(function="Exp"),
)

FAMILY = (elu, celu, selu, softplus, squareplus, exponential)
