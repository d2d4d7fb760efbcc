"""Functions that oscillate or peak: for periodic signals, coordinates and radial features."""

from rheobase.definition import Definition, Elsewhere, Parameter
from rheobase.domain import Domain

snake = Definition(
    name="snake",
    title="Snake",
    formula="x + sin(a*x)**2/a",
    parameters=(Parameter("a", 1.0, Domain.parse("(0, inf)"), "a", learnable=True),),
    special={"-inf": "-inf", "0": "0", "inf": "inf"},
    # where a library's own sine and cosine are used, the slope (sin ax + cos ax)² cancels near its double zeros
    accuracy={"float16": 1.0, "bfloat16": 1.0, "float32": 16.0, "float64": 16.0},
    reference="Ziyin, Hartwig & Ueda, Neural networks fail to learn periodic functions, 2020",
)

sin = Definition(
    name="sin",
    title="Sine",
    formula="sin(x)",
    special={"0": "0"},
    reference="Sitzmann et al., Implicit neural representations with periodic activation functions, 2020",
    aliases=("sine",),
    onnx=Elsewhere(function="Sin"),
    differs=("SIREN scales the input by 30 first; here that scale belongs to the layer before.",),
)

gaussian = Definition(
    name="gaussian",
    title="Gaussian bump",
    formula="exp(-x**2)",
    special={"-inf": "0", "0": "1", "inf": "0"},
    reference="Broomhead & Lowe, Multivariable functional interpolation and adaptive networks, 1988",
)

FAMILY = (snake, sin, gaussian)
