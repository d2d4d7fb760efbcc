"""Kernels written for float32: arithmetic in float32, corrected where it pays; within 1 ULP.

A function NAME computes the activation NAME, NAME_slope its derivative by x. One that takes fewer
parameters than the activation holds for the others' defaults.
"""

MODULES = (
    "rheobase.kernels.pairs",
    *(f"{__name__}.{name}" for name in ("exponentials", "logistic", "exponential_units", "softplus", "mish", "normal")),
)
