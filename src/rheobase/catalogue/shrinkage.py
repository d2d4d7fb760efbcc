"""Functions that pull small inputs to zero."""

from rheobase.definition import Definition, Elsewhere, Parameter
from rheobase.domain import Domain

NOT_NEGATIVE = Domain.parse("[0, inf)")

tanhshrink = Definition(
    name="tanhshrink",
    title="Tanh shrinkage",
    formula="x - tanh(x)",
    special={"-inf": "-inf", "0": "0", "inf": "inf"},
    reference="Collobert, Kavukcuoglu & Farabet, Torch7, 2011",
    aliases=("tanh_shrink",),
    torch=Elsewhere("Tanhshrink", "tanhshrink"),
    keras=Elsewhere(function="tanh_shrink"),
)

softshrink = Definition(
    name="softshrink",
    title="Soft shrinkage",
    formula="x - lambd if x > lambd else x + lambd if x < -lambd else 0",
    parameters=(Parameter("lambd", 0.5, NOT_NEGATIVE, r"\lambda"),),
    kinks={"-1/2": "0", "1/2": "0"},
    special={"-inf": "-inf", "0": "0", "inf": "inf"},
    reference="Donoho, De-noising by soft-thresholding, 1995",
    aliases=("soft_shrink",),
    torch=Elsewhere("Softshrink", "softshrink"),
    keras=Elsewhere(function="soft_shrink", arguments={"lambd": "threshold"}),
)

hard_shrink = Definition(
    name="hard_shrink",
    title="Hard shrinkage",
    formula="x if x > lambd else x if x < -lambd else 0",
    parameters=(Parameter("lambd", 0.5, NOT_NEGATIVE, r"\lambda"),),
    kinks={"-1/2": "0", "1/2": "0"},
    special={"-inf": "-inf", "0": "0", "inf": "inf"},
    reference="Donoho & Johnstone, Ideal spatial adaptation by wavelet shrinkage, 1994",
    aliases=("hardshrink",),
    torch=Elsewhere("Hardshrink", "hardshrink"),
    keras=Elsewhere(function="hard_shrink", arguments={"lambd": "threshold"}),
    onnx=Elsewhere(function="Shrink", fixed={"bias": 0.0}),
)

FAMILY = (tanhshrink, softshrink, hard_shrink)
