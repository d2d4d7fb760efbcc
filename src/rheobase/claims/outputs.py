"""What is said of softmax."""

from __future__ import annotations

from rheobase.claims.record import Bound, Claim

CLAIMS = (
    Claim(
        id="softmax-distribution",
        functions=("softmax",),
        sentence="The outputs of softmax are a probability distribution over n classes.",
        experiment="rows:distribution",
        arguments={"name": "softmax"},
        always=(
            Bound("largest distance of a sum from 1", "<", 1e-6),
            Bound("smallest output", "≥", 0),
            Bound("largest output", "≤", 1),
        ),
        words="Over {rows:.0f} float32 rows of {first of WIDTHS} to {last of WIDTHS:,} classes no output is "
        "below 0 or above 1, and sums are "
        "1 to {largest distance of a sum from 1:.0e}. Outputs may be exactly 0, which the formula never "
        "gives: {outputs that are exactly 0:.0%} of these are.",
    ),
    Claim(
        id="softmax-shift-invariance",
        functions=("softmax",),
        sentence="Softmax does not change when the same number is added to all inputs.",
        experiment="rows:shift",
        arguments={"name": "softmax"},
        always=(Bound("largest change", "<", 1e-6), Bound("largest change where x + c is exact", "<", 1e-6)),
        condition="the sum x + c is exact: what rounding takes from the inputs changes the shares by "
        "{largest change for c = 100:.0e} for c = 100, and by {largest change for c = 1e6:.1g} for c = "
        "1,000,000 (float32)",
        then=(Bound("largest change where x + c is exact", "<", 1e-6),),
        words="Where float32 holds x + c exactly, no share changes by more than "
        "{largest change where x + c is exact:.0e}; for ordinary inputs and c up to a million, shares "
        "change by up to {largest change:.1g}.",
    ),
    Claim(
        id="softmax-overflow-safe",
        functions=("softmax",),
        sentence="Softmax does not overflow, however large its inputs.",
        experiment="rows:overflow",
        arguments={"name": "softmax"},
        always=(
            Bound("rows that are NaN by the formula", "=", 0),
            Bound("rows that are NaN in rheobase", "=", 0),
        ),
        condition="the largest input is subtracted first, as torch, JAX and rheobase do; the formula as it is printed "
        "gives NaN from x = {the formula fails from x:.2f} on (float32)",
        then=(
            Bound("rows that are NaN in rheobase", "=", 0),
            Bound("rows that are NaN in torch", "=", 0),
            Bound("rows that are NaN in jax", "=", 0),
        ),
        words="Of {rows:.0f} rows with inputs up to 1e38, {rows that are NaN by the formula:.0f} are NaN by the "
        "formula as it is printed, {rows that are NaN in torch:.0f} in torch, "
        "{rows that are NaN in jax:.0f} in JAX, {rows that are NaN in rheobase:.0f} here.",
    ),
)
