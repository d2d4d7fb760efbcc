"""What is said of the threshold gate, and of networks without any non-linearity."""

from __future__ import annotations

from rheobase.claims.record import Bound, Claim

CLAIMS = (
    Claim(
        id="step-threshold",
        functions=("step",),
        sentence="The step gate switches on at a threshold: it is off below and on above, and nothing in between.",
        experiment="gates:switches",
        arguments={"name": "step"},
        always=(
            Bound("different values", "=", 2),
            Bound("smallest value", "=", 0),
            Bound("largest value", "=", 1),
            Bound("changes", "=", 1),
            Bound("change ends at x", "=", 0),
        ),
        words="On [{first of GRID:.0f}, {last of GRID:.0f}] it takes {different values:.0f} values, "
        "{smallest value:g} and {largest value:g}, "
        "and changes {changes:.0f} time; it is on from x = {change ends at x:g}.",
    ),
    Claim(
        id="step-no-backpropagation",
        functions=("step",),
        sentence="The step gate cannot be trained by back-propagation as it is.",
        experiment="gates:by_backpropagation",
        arguments={"name": "step"},
        always=(
            Bound("movement of weights before the gate", "=", 0),
            Bound("movement, straight-through", ">", 0.01),
        ),
        words="In {STEPS} steps on digits the weights before the gates move by "
        "{movement of weights before the gate:g}: only the output layer learns ({accuracy:.0%} right on "
        "training data). With a stand-in for the slope (straight-through) all learn: "
        "{accuracy, straight-through:.1%}.",
    ),
    Claim(
        id="linear-network-collapses",
        functions=("identity",),
        sentence="Without a non-linearity a deep network is one linear map.",
        experiment="gates:collapse",
        arguments={"name": "identity", "against": "relu"},
        always=(
            Bound("largest difference to one matrix", "<", 1e-12),
            Bound("gain over a single layer at most", "<", 0.02),
        ),
        words="A trained network of {layers:.0f} linear layers differs from one matrix by "
        "{largest difference to one matrix:.0e} of its output. On two moons it is right for {accuracy:.1%}, "
        "a single layer for {accuracy of a single layer:.1%}, the same network with ReLU for "
        "{accuracy with relu:.1%}.",
    ),
)
