"""What is said of softplus."""

from __future__ import annotations

from rheobase.claims.record import Bound, Claim

CLAIMS = (
    Claim(
        id="softplus-smooth-relu",
        functions=("softplus", "relu"),
        sentence="Softplus is a smooth version of ReLU.",
        experiment="shape:near_relu",
        arguments={"name": "softplus"},
        always=(
            Bound("smooth", "=", 1),
            Bound("kinks", "=", 0),
            Bound("largest distance to ReLU", "<", 1),
            Bound("distance at |x| = 10", "<", 0.001),
        ),
        words="It has derivatives of every order and no kink. It is farthest from ReLU at x = {at x:g}, by "
        "{largest distance to ReLU:.4f} (ln 2), and at |x| = 10 by {distance at |x| = 10:.1g}.",
    ),
    Claim(
        id="softplus-slope-is-sigmoid",
        functions=("softplus", "sigmoid"),
        sentence="The derivative of softplus is the sigmoid.",
        experiment="equations:slope_is",
        arguments={"name": "softplus", "slope": "sigmoid"},
        always=(
            Bound("proved", "=", 1),
            Bound("largest difference", "<", 1e-15),
            Bound("largest difference to differences of values", "<", 1e-5),
        ),
        words="Proved by algebra; on [{first of GRID:.0f}, {last of GRID:.0f}] the two differ by "
        "{largest difference:.1g} at most, and the "
        "sigmoid from differences of neighbouring values of softplus by "
        "{largest difference to differences of values:.1g}.",
    ),
    Claim(
        id="softplus-suppresses-one-side",
        functions=("softplus",),
        sentence="Softplus suppresses one side, and lets the other pass.",
        experiment="shape:sides",
        arguments={"name": "softplus"},
        always=(
            Bound("limit at -inf", "=", 0),
            Bound("output at -10", "<", 0.001),
            Bound("slope at -10", "<", 0.001),
            Bound("slope at 10", ">", 0.999),
        ),
        words="At −10 the output is {output at -10:.2g} and the slope {slope at -10:.2g}; at 10 they are "
        "{output at 10:.5g} and {slope at 10:.5f}.",
    ),
    Claim(
        id="softplus-range",
        functions=("softplus",),
        sentence="The output of softplus is always above 0.",
        experiment="shape:image",
        arguments={"name": "softplus", "low": 0.0, "high": float("inf")},
        always=(Bound("exact values outside", "=", 0), Bound("float32 values at an end", "=", 0)),
        condition="numbers are exact: a float32 result is rounded to 0 below x = −{float32 leaves it at |x|:.0f}",
        then=(Bound("exact values outside", "=", 0), Bound("range is that of the facts", "=", 1)),
        words="Computed to hundreds of digits, {exact values outside:.0f} of {number of EXACT} values on "
        "[{first of GRID:.0f}, {last of GRID:.0f}] lie outside "
        "(0, ∞); as float32, the first 0 is met at x = −{float32 leaves it at |x|:.0f}.",
    ),
)
