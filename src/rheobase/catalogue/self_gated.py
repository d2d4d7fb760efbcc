"""x times a gate of x: smooth rectifiers that dip below zero."""

from rheobase.definition import SCALED_EXPONENT, Definition, Elsewhere, Parameter
from rheobase.domain import Domain

gelu = Definition(
    name="gelu",
    title="Gaussian error linear unit",
    formula="x*(1 + erf(x/sqrt(2)))/2",
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="Hendrycks & Gimpel, Gaussian error linear units, 2016",
    torch=Elsewhere("GELU", "gelu", fixed={"approximate": "none"}),
    jax=Elsewhere(function="gelu", fixed={"approximate": False}),
    keras=Elsewhere(function="gelu", fixed={"approximate": False}),
    onnx=Elsewhere(function="Gelu", fixed={"approximate": "none"}),
    differs=(
        "jax.nn.gelu and keras.ops.gelu default to the tanh form (gelu_tanh here); torch and ONNX to this one.",
        "torch's value at -inf is NaN, the limit is 0.",
    ),
)

gelu_tanh = Definition(
    name="gelu_tanh",
    title="GELU, tanh form",
    formula="x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))",
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="Hendrycks & Gimpel, Gaussian error linear units, 2016",
    aliases=("gelu_new", "gelu_approx"),
    torch=Elsewhere("GELU", "gelu", fixed={"approximate": "tanh"}),
    jax=Elsewhere(function="gelu", fixed={"approximate": True}),
    keras=Elsewhere(function="gelu", fixed={"approximate": True}),
    onnx=Elsewhere(function="Gelu", fixed={"approximate": "tanh"}),
    differs=("Hugging Face calls it gelu_new, gelu_fast, gelu_accurate and gelu_pytorch_tanh.",),
    accuracy=SCALED_EXPONENT,
)

quick_gelu = Definition(
    name="quick_gelu",
    title="GELU, sigmoid form",
    formula="x/(1 + exp(-1.702*x))",
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="Hendrycks & Gimpel, Gaussian error linear units, 2016",
    differs=("MLX calls this one 'fast'; Hugging Face's gelu_fast is the tanh form.",),
    accuracy=SCALED_EXPONENT,
)

silu = Definition(
    name="silu",
    title="Sigmoid linear unit",
    formula="x/(1 + exp(-x))",
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="Elfwing, Uchibe & Doya, Sigmoid-weighted linear units, 2017",
    aliases=("swish",),
    torch=Elsewhere("SiLU", "silu"),
    jax=Elsewhere(function="silu"),
    keras=Elsewhere(function="silu"),
    onnx=Elsewhere(function="Swish", fixed={"alpha": 1.0}),
    differs=("Swish in its paper has a factor beta, fixed or learnt: swish_beta here.",),
)

swish_beta = Definition(
    name="swish_beta",
    title="Swish with learnable slope",
    formula="x/(1 + exp(-beta*x))",
    parameters=(Parameter("beta", 1.0, Domain.parse("(0, inf)"), r"\beta", learnable=True),),
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="Ramachandran, Zoph & Le, Searching for activation functions, 2017",
    onnx=Elsewhere(function="Swish", arguments={"beta": "alpha"}),
    differs=("ONNX's Swish has beta as a fixed attribute called alpha.",),
    accuracy=SCALED_EXPONENT,
)

hard_swish = Definition(
    name="hard_swish",
    title="Hard swish",
    formula="0 if x <= -3 else x if x >= 3 else x*(x + 3)/6",
    kinks={"-3": "0", "3": "1"},
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="Howard et al., Searching for MobileNetV3, 2019",
    aliases=("hardswish",),
    torch=Elsewhere("Hardswish", "hardswish"),
    jax=Elsewhere(function="hard_swish"),
    keras=Elsewhere(function="hard_silu"),
    onnx=Elsewhere(function="HardSwish"),
    differs=("The slope at -3 and 3 was -0.5 and 1.5 in torch before 2.7; it is 0 and 1 here and there now.",),
)

mish = Definition(
    name="mish",
    title="Mish",
    formula="x*tanh(log(1 + exp(x)))",
    special={"-inf": "0", "0": "0", "inf": "inf"},
    reference="Misra, Mish: a self regularized non-monotonic activation function, 2019",
    torch=Elsewhere("Mish", "mish"),
    jax=Elsewhere(function="mish"),
    keras=Elsewhere(function="mish"),
    onnx=Elsewhere(function="Mish"),
)

FAMILY = (gelu, gelu_tanh, quick_gelu, silu, swish_beta, hard_swish, mish)
