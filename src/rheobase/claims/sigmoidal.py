"""What is said of the sigmoid and of tanh."""

from __future__ import annotations

from rheobase.claims.alike import bounded, costs_more, off_centre, saturates
from rheobase.claims.record import Bound, Claim

CLAIMS = (
    bounded(
        "sigmoid-range",
        "sigmoid",
        "The output of the sigmoid lies between 0 and 1, and never reaches either.",
        0.0,
        1.0,
    ),
    Claim(
        id="sigmoid-largest-slope",
        functions=("sigmoid",),
        sentence="The sigmoid is steepest at 0, where its slope is 0.25.",
        experiment="shape:largest_slope",
        arguments={"name": "sigmoid"},
        always=(
            Bound("largest slope", "=", 0.25),
            Bound("at x", "=", 0),
            Bound("largest slope by the facts", "=", 0.25),
            Bound("largest slope by differences", "≤", 0.25),
        ),
        words="The largest slope is {largest slope:.4g}, at x = {at x:.3g}; differences of neighbouring values "
        "give {largest slope by differences:.6f} at most.",
    ),
    saturates(
        "sigmoid-saturates", "sigmoid", "Away from 0, on both sides, the sigmoid saturates: its gradient vanishes."
    ),
    Claim(
        id="sigmoid-chain-loses-gradient",
        functions=("sigmoid",),
        sentence="A chain of many sigmoids loses the gradient.",
        experiment="depth:lost_with_depth",
        arguments={"name": "sigmoid", "against": ("tanh", "relu")},
        always=(
            Bound("least of the usual weights", "≥", 0.1),
            Bound("decades per layer, edge of chaos", "≥", 0.1),
        ),
        condition="weights are of the usual size: with weights of deviation "
        "{deviation of the weights at the edge:.1f}/√n (n inputs), where mean-field theory puts the edge of "
        "chaos, the gradient shrinks by {decades per layer, edge of chaos:.3f} decades per layer",
        then=(Bound("least of the usual weights", "≥", 0.1), Bound("decades per layer, edge of chaos", "<", 0.1)),
        words="In networks of {first of DEPTHS} to {last of DEPTHS} layers on digits the gradient shrinks by "
        "{decades per layer, torch's default:.2f} decades per layer with torch's default weights, "
        "{decades per layer, Xavier:.2f} with Xavier's and {decades per layer, drawn for it:.2f} with "
        "weights drawn for the sigmoid; in those of tanh and ReLU, with weights drawn for them, by "
        "{decades per layer, tanh:.2f} and {decades per layer, relu:.2f}.",
    ),
    off_centre("sigmoid-not-zero-centred", "sigmoid", "The output of the sigmoid is not centred at 0."),
    Claim(
        id="sigmoid-gradients-share-a-sign",
        functions=("sigmoid",),
        sentence="After a sigmoid layer, the gradients of all weights into a unit have the same sign.",
        experiment="signs:shared_signs",
        arguments={"name": "sigmoid", "against": "tanh"},
        always=(Bound("one example", "=", 1), Bound("a batch of 64", "=", 1)),
        condition="the gradient is that of a single example; in a batch of 64 it is so for {a batch of 64:.0%} of the "
        "units",
        then=(Bound("one example", "=", 1), Bound("one example, tanh", "<", 0.1)),
        words="Share of units whose weight gradients all have one sign: {one example:.0%} for one example, "
        "{two examples:.0%} for two, {a batch of 64:.0%} for a batch of 64; after a tanh layer "
        "{one example, tanh:.0%}.",
    ),
    Claim(
        id="sigmoid-slower-than-tanh",
        functions=("sigmoid", "tanh"),
        sentence="Networks of sigmoids learn more slowly than networks of tanh.",
        experiment="pace:steps_to_loss",
        arguments={"name": "sigmoid", "against": "tanh"},
        always=(Bound("ratio at least", ">", 1), Bound("runs that failed", "=", 0)),
        words="To a loss of {GOAL:g} on digits, each at the best of {number of RATES} learning rates, sigmoid needs "
        "{ratio of steps:.1f} times the steps of tanh (95% interval {ratio at least:.1f} to "
        "{ratio at most:.1f}, {seeds} paired seeds; medians {steps:.0f} and {steps of the other:.0f}).",
    ),
    Claim(
        id="off-centre-slows-tanh",
        functions=("tanh", "sigmoid"),
        sentence="It is the missing centre that slows learning: tanh + 1, with the same weights, is slower than tanh.",
        experiment="pace:steps_to_loss",
        arguments={"name": "tanh", "against": "tanh", "shift": 1.0},
        always=(Bound("ratio at least", ">", 1), Bound("runs that failed", "=", 0)),
        words="tanh + 1 has the slope of tanh, but outputs from 0 to 2: it needs {ratio of steps:.1f} times the "
        "steps (95% interval {ratio at least:.1f} to {ratio at most:.1f}), and its best learning rate is "
        "{learning rate:.2g} instead of {learning rate of the other:.2g}.",
    ),
    Claim(
        id="centring-speeds-sigmoid",
        functions=("sigmoid",),
        sentence="Centring helps: sigmoid − ½, with the same weights, learns faster than sigmoid.",
        experiment="pace:steps_to_loss",
        arguments={"name": "sigmoid", "against": "sigmoid", "shift": -0.5},
        always=(Bound("ratio at most", "<", 1), Bound("runs that failed", "=", 0)),
        words="sigmoid − ½ needs {ratio of steps:.2f} times the steps of sigmoid (95% interval "
        "{ratio at least:.2f} to {ratio at most:.2f}; medians {steps:.0f} and {steps of the other:.0f}), "
        "each at its best learning rate.",
    ),
    costs_more(
        "sigmoid-pays-for-an-exponential",
        "sigmoid",
        "sigmoid",
        "The sigmoid pays for an exponential: it costs clearly more than ReLU.",
    ),
    Claim(
        id="sigmoid-outputs-are-not-probabilities",
        functions=("sigmoid",),
        sentence="An output near 0 or 1 must not be read as a calibrated probability.",
        experiment="calibration:overconfident",
        arguments={"hidden": "tanh"},
        always=(
            Bound("at least, network", ">", 1),
            Bound("at least, logistic regression", ">", 1),
        ),
        condition="the sigmoid ends a network that was trained until it fits its data; for the single sigmoid of a "
        "logistic regression, {error made, logistic regression:.1%} of such outputs are wrong where they "
        "say {stated error, logistic regression:.1%}",
        then=(Bound("at least, network", ">", 1),),
        words="Of a network's outputs within {NEAR:g} of 0 or 1, {error made, network:.1%} are wrong where they say "
        "{stated error, network:.1%}: {times the stated error, network:.1f} times as many (95% interval by "
        "bootstrap {at least, network:.1f} to {at most, network:.1f}); for logistic regression, which "
        "is one sigmoid, {times the stated error, logistic regression:.1f} times "
        "({at least, logistic regression:.1f} to {at most, logistic regression:.1f}). Expected "
        "calibration error over three data sets: {calibration error, network:.3f} and "
        "{calibration error, logistic regression:.3f}.",
    ),
    bounded("tanh-range", "tanh", "The output of tanh lies between −1 and 1, and never reaches either.", -1.0, 1.0),
    Claim(
        id="tanh-zero-centred",
        functions=("tanh",),
        sentence="The output of tanh is centred at 0.",
        experiment="centre:mean_output",
        arguments={"name": "tanh"},
        always=(Bound("mean output", "=", 0), Bound("share that is offset in a trained network", "<", 0.05)),
        condition="its inputs lie evenly around 0: in trained networks the units' means make "
        "{share that is offset in a trained network:.0%} of the signal",
        then=(Bound("mean output", "=", 0),),
        words="For inputs from N(0, 1) the mean output is {mean output:.3f} ({mean over the draws:.4f} over a "
        "million draws); after training, the units' means make "
        "{share that is offset in a trained network:.1%} of the signal E f².",
    ),
    Claim(
        id="tanh-is-a-sigmoid",
        functions=("tanh", "sigmoid"),
        sentence="tanh is a stretched and shifted sigmoid: tanh(x) = 2·sigmoid(2x) − 1.",
        experiment="equations:by_sigmoid",
        arguments={"name": "tanh"},
        always=(Bound("proved", "=", 1), Bound("largest difference in float64", "<", 1e-15)),
        words="Proved by algebra; in float64 the two sides differ by {largest difference in float64:.1g} at most. "
        "It is no way to compute tanh near 0: in float32 its relative error reaches "
        "{relative error of the recipe in float32:.0%} (tanh's own: "
        "{relative error of the function in float32:.0e}).",
    ),
    saturates("tanh-saturates", "tanh", "tanh saturates on both sides."),
    Claim(
        id="tanh-with-sigmoid-output-works",
        functions=("tanh", "sigmoid"),
        sentence="For two classes, hidden tanh and an output sigmoid work.",
        experiment="two_classes:compared",
        arguments={"hidden": "tanh", "output": "sigmoid", "others": ()},
        always=(Bound("least gain over it, at least", ">", 0),),
        words="On three data sets ({seeds} paired seeds) the accuracy is {accuracy:.3f} on average, against "
        "{accuracy of the commonest class:.3f} for always guessing the commonest class; on the hardest set "
        "the gain is at least {least gain over it, at least:.3f} (95% interval).",
    ),
    Claim(
        id="tanh-with-sigmoid-output-against-others",
        functions=("tanh", "sigmoid"),
        sentence="For two classes, no usual alternative is clearly better than hidden tanh and an output sigmoid.",
        experiment="two_classes:compared",
        arguments={
            "hidden": "tanh",
            "output": "sigmoid",
            "others": (("relu", "sigmoid"), ("sigmoid", "sigmoid"), ("tanh", "softmax"), ("tanh", "tanh")),
        },
        always=(Bound("clearly better", "=", 0),),
        words="Mean accuracy {accuracy:.3f}; hidden ReLU {accuracy of relu + sigmoid:.3f}, hidden sigmoid "
        "{accuracy of sigmoid + sigmoid:.3f}, a softmax of two outputs {accuracy of tanh + softmax:.3f}, an "
        "output tanh with squared error {accuracy of tanh + tanh:.3f}. Of {comparisons:.0f} comparisons, "
        "{clearly better:.0f} are clearly better and {clearly worse:.0f} clearly worse (5%, Holm). Averaged over the "
        "sets, none is ahead by more than {another is ahead by at most:.3f} (95% intervals).",
    ),
)
