"""What is said of ReLU and its relatives: leaky ReLU, PReLU, ELU."""

from __future__ import annotations

from rheobase.catalogue import lookup
from rheobase.claims.alike import NOT_SHOWN_BETTER, against_relu, costs_more, off_centre
from rheobase.claims.record import Bound, Claim

_ALIVE = (
    "Of {units:,.0f} units, trained at learning rates and biases at which {share of dead units of relu:.0%} "
    "of ReLU's die, {units silent for all data:.0f} see no positive input any more and would be dead as "
    "ReLU; {units without any slope:.0f} are without any slope, and {units with hardly a slope:.0f} have less than "
    "{HARDLY:.1%} of an active unit's on all data."
)

CLAIMS = (
    Claim(
        id="relu-no-saturation",
        functions=("relu",),
        sentence="ReLU does not saturate for x > 0.",
        experiment="shape:flat_sides",
        arguments={"name": "relu"},
        always=(Bound("smallest share for x > 0", "=", 1), Bound("flat sides", "=", 1)),
        words="For all positive inputs up to 120 the slope is {smallest share for x > 0:.0%} of its maximum; "
        "{flat sides:.0f} side is flat, the left one.",
    ),
    Claim(
        id="relu-cheap-forward",
        functions=("relu",),
        sentence="ReLU is cheap to compute: cheaper than functions with an exponential.",
        experiment="cost:against",
        arguments={"name": "relu", "others": ("sigmoid", "tanh", "elu", "softplus")},
        always=(Bound("most, forward", "<", 0.9),),
        words="On {SIZE:,} numbers and one thread it takes {least, forward:.2f} to {most, forward:.2f} of the time "
        "of sigmoid, tanh, ELU and softplus, in torch and here; torch's takes "
        "{forward, torch against copy:.1f} times as long as a copy.",
        timed=True,
    ),
    Claim(
        id="relu-cheap-backward",
        functions=("relu",),
        sentence="ReLU is cheap to differentiate, too.",
        experiment="cost:against",
        arguments={"name": "relu", "others": ("sigmoid", "tanh", "elu", "softplus")},
        always=(Bound("most, forward+backward", "<", 0.9),),
        words="Forward and backward together take {least, forward+backward:.2f} to {most, forward+backward:.2f} "
        "of the time of the other four; a training step (width {WIDTH}) {least, training step:.2f} to "
        "{most, training step:.2f}.",
        timed=True,
    ),
    Claim(
        id="relu-kink",
        functions=("relu",),
        sentence="ReLU is not differentiable at 0.",
        experiment="shape:kink",
        arguments={"name": "relu"},
        always=(Bound("gap", "=", 1), Bound("gap by the facts", "=", 1)),
        words="The slope tends to {slope from the left:.3g} from the left and to {slope from the right:.3g} from "
        "the right.",
    ),
    Claim(
        id="relu-slope-at-kink",
        functions=("relu",),
        sentence="At 0, libraries take 0 for the slope of ReLU.",
        experiment="libraries:slope_at_kink",
        arguments={"named": "relu"},
        always=(Bound("largest slope at 0", "=", 0),),
        condition="the function is called relu; written as maximum(x, 0) the slope is "
        "{slope of torch maximum(x, 0):g} in torch and {slope of jax maximum(x, 0):g} in JAX, as clamp(x, "
        "min=0) it is {slope of torch clamp(x, min=0):g}",
        then=(Bound("largest slope at 0 of a function of that name", "=", 0), Bound("outside [0, 1]", "=", 0)),
        words="The slope at 0 is {slope of torch relu:g} for torch's relu, {slope of jax relu:g} for JAX's and "
        "{slope of rheobase relu:g} here. All nine ways of writing it give a number of [0, 1], each a "
        "sub-gradient.",
    ),
    Claim(
        id="relu-units-die-with-learning-rate",
        functions=("relu",),
        sentence="ReLU units die when the learning rate is high.",
        experiment="dying:by_learning_rate",
        arguments={"name": "relu"},
        always=(Bound("more by at least", ">", 0), Bound("dead at learning rate 0.1", "<", 0.05)),
        words="Certified dead units after {STEPS} steps of gradient descent on digits, {seeds} seeds: "
        "{dead at learning rate 0.1:.1%} at learning rate 0.1, {dead at learning rate 1:.1%} at 1 and "
        "{dead at learning rate 2:.1%} at 2 (more than at 0.03 by at least {more by at least:.1%}, 95%). Left "
        "out because they diverged: {networks that diverged:.0f} of {networks:.0f} networks.",
    ),
    Claim(
        id="relu-units-die-with-bias",
        functions=("relu",),
        sentence="ReLU units die when their bias is far below 0.",
        experiment="dying:by_bias",
        arguments={"name": "relu"},
        always=(Bound("more by at least", ">", 0), Bound("dead at starting bias 0", "<", 0.05)),
        words="Certified dead units after {STEPS} steps at learning rate 0.1, by the bias at the start, {seeds} seeds: "
        "{dead at starting bias 0:.1%} at 0, {dead at starting bias -2:.1%} at −2, "
        "{dead at starting bias -4:.1%} at −4, {dead at starting bias -8:.1%} at −8.",
    ),
    off_centre("relu-not-zero-centred", "relu", "The output of ReLU is not centred at 0."),
    Claim(
        id="leaky-relu-no-dead-units",
        functions=("leaky_relu",),
        sentence="Leaky ReLU has no dead units.",
        experiment="dying:never_flat",
        arguments={"name": "leaky_relu", "against": "relu"},
        always=(
            Bound("units without any slope", "=", 0),
            Bound("units without any slope in torch", "=", 0),
            Bound("slopes of 0", "=", 0),
            Bound("share of dead units of relu", ">", 0.1),
        ),
        words=_ALIVE + f" Left of 0 the slope is {lookup('leaky_relu').defaults['negative_slope']:.0%} of it.",
    ),
    against_relu(
        "leaky-relu-not-always-better",
        "leaky_relu",
        "Leaky ReLU is not proven to be always better than ReLU.",
        always=(NOT_SHOWN_BETTER,),
    ),
    Claim(
        id="prelu-slope-is-learnt",
        functions=("prelu",),
        sentence="PReLU learns its slope.",
        experiment="slopes:learnt",
        arguments={"name": "prelu"},
        always=(Bound("channels that moved", "=", 1), Bound("mean movement", ">", 0.05)),
        words="From {start:g}, the slopes of {channels:.0f} channels move by {mean movement:.2f} on average in "
        "{STEPS} steps on digits, and end between {smallest slope:.2f} and {largest slope:.2f}; "
        "{negative slopes:.0%} become negative.",
    ),
    Claim(
        id="prelu-slope-per-channel",
        functions=("prelu",),
        sentence="PReLU can have a slope of its own for each channel, and channels use it.",
        experiment="slopes:learnt",
        arguments={"name": "prelu"},
        always=(Bound("deviation between channels", ">", 0.05),),
        words="With a slope per channel, the slopes within a layer differ after training: their deviation is "
        "{deviation between channels:.2f} (mean over layers and seeds), from {smallest slope:.2f} to "
        "{largest slope:.2f}.",
    ),
    Claim(
        id="prelu-slope-0-is-relu",
        functions=("prelu", "relu"),
        sentence="PReLU with slope 0 is ReLU.",
        experiment="equations:prelu_equals",
        arguments={"slope": 0.0, "other": "relu"},
        always=(
            Bound("values that differ", "=", 0),
            Bound("gradients that differ", "=", 0),
            Bound("values at ±inf that differ", "=", 0),
        ),
        condition="inputs are finite: at −∞ PReLU computes 0 · −∞, which is NaN",
        then=(Bound("values that differ", "=", 0), Bound("gradients that differ", "=", 0)),
        words="Of {inputs:,.0f} float32 inputs on [{first of GRID:.0f}, {last of GRID:.0f}], "
        "{values that differ:.0f} values and "
        "{gradients that differ:.0f} gradients differ; at ±∞, {values at ±inf that differ:.0f} of two "
        "values.",
    ),
    Claim(
        id="prelu-fixed-slope-is-leaky-relu",
        functions=("prelu", "leaky_relu"),
        sentence="PReLU with a fixed small slope is leaky ReLU.",
        experiment="equations:prelu_equals",
        arguments={"slope": 0.01, "other": "leaky_relu"},
        always=(
            Bound("values that differ", "=", 0),
            Bound("gradients that differ", "=", 0),
            Bound("values at ±inf that differ", "=", 0),
        ),
        words="At slope {slope:g}, of {inputs:,.0f} float32 inputs on [{first of GRID:.0f}, "
        "{last of GRID:.0f}], {values that differ:.0f} "
        "values and {gradients that differ:.0f} gradients differ; at ±∞, {values at ±inf that differ:.0f} "
        "of two values.",
    ),
    Claim(
        id="prelu-linear-for-negative",
        functions=("prelu",),
        sentence="The negative part of PReLU is linear.",
        experiment="shape:straight_part",
        arguments={"name": "prelu"},
        always=(
            Bound("largest second derivative for x < 0", "=", 0),
            Bound("largest departure from a line", "=", 0),
        ),
        words="For x < 0 the second derivative is {largest second derivative for x < 0:g} everywhere, and f(2x) "
        "differs from 2 f(x) by {largest departure from a line:g}.",
    ),
    against_relu(
        "prelu-not-always-better",
        "prelu",
        "PReLU is not proven to be always better than ReLU.",
        always=(NOT_SHOWN_BETTER,),
    ),
    Claim(
        id="elu-no-dead-units",
        functions=("elu",),
        sentence="ELU has no dead units.",
        experiment="dying:never_flat",
        arguments={"name": "elu", "against": "relu"},
        always=(
            Bound("units without any slope", "=", 0),
            Bound("units without any slope in torch", "=", 0),
            Bound("slopes of 0", "=", 0),
            Bound("share of dead units of relu", ">", 0.1),
        ),
        condition="inputs stay above −{slope is 0 from -x, torch:.0f}, below which its slope eˣ is exactly 0 in "
        "float32; the lowest met in these trainings was {smallest pre-activation:.0f}",
        then=(
            Bound("units without any slope", "=", 0),
            Bound("units without any slope in torch", "=", 0),
            Bound("share of dead units of relu", ">", 0.1),
        ),
        words=_ALIVE,
    ),
    Claim(
        id="elu-mean-nearer-0",
        functions=("elu", "relu"),
        sentence="The mean output of ELU is nearer to 0 than that of ReLU.",
        experiment="centre:nearer_to_zero",
        arguments={"name": "elu", "other": "relu"},
        always=(
            Bound("ratio", "<", 0.8),
            Bound("ratio over the draws", "<", 0.8),
            Bound("ratio in trained networks", "<", 0.8),
        ),
        words="For inputs from N(0, 1) the mean output is {mean output:.3f}, ReLU's "
        "{mean output of the other:.3f}. In networks trained on digits the units' means make "
        "{offset in a trained network:.0%} of the signal E f², with ReLU {offset of the other in one:.0%}.",
    ),
    costs_more("elu-costs-more", "elu", "ELU", "ELU costs more than ReLU."),
    against_relu(
        "elu-not-always-better",
        "elu",
        "ELU is not always better than ReLU.",
        always=(Bound("worse on", "≥", 1),),
        condition="it is read as “not shown to be”: it is shown to be worse on {worse on:.0f} of {sets:.0f} sets",
        then=(NOT_SHOWN_BETTER,),
    ),
)
