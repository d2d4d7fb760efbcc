"""Gated linear units: one half of the input, times a function of the other half.

Convention, as in torch and JAX: the first half is the value, the second half the gate.
"""

from rheobase.definition import Definition, Elsewhere

CONVENTION = "The second half is the gate (torch, JAX, MLX); timm's SwiGLUPacked gates with the first."
SHAZEER = "Shazeer, GLU variants improve transformer, 2020"

glu = Definition(
    name="glu",
    title="Gated linear unit",
    kind="gated",
    formula="value*sigmoid(gate)",
    reference="Dauphin, Fan, Auli & Grangier, Language modeling with gated convolutional networks, 2016",
    torch=Elsewhere("GLU", "glu", arguments={"axis": "dim"}),
    jax=Elsewhere(function="glu"),
    keras=Elsewhere(function="glu"),
    differs=(CONVENTION,),
)

bilinear = Definition(
    name="bilinear",
    title="Bilinear gate",
    kind="gated",
    formula="value*gate",
    reference=SHAZEER,
    differs=(CONVENTION,),
)

reglu = Definition(
    name="reglu",
    title="ReGLU",
    kind="gated",
    formula="value*relu(gate)",
    reference=SHAZEER,
    differs=(CONVENTION,),
)

geglu = Definition(
    name="geglu",
    title="GEGLU",
    kind="gated",
    formula="value*gelu(gate)",
    reference=SHAZEER,
    differs=(CONVENTION,),
)

swiglu = Definition(
    name="swiglu",
    title="SwiGLU",
    kind="gated",
    formula="value*silu(gate)",
    reference=SHAZEER,
    differs=(CONVENTION, "gpt-oss interleaves the halves, clamps both and adds 1 to the value."),
)

FAMILY = (glu, bilinear, reglu, geglu, swiglu)
