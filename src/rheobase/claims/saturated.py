"""Is a saturated unit stuck for ever?"""

from __future__ import annotations

from rheobase.claims.record import Bound, Claim

_STUCK = (
    "Of {units:.0f} units that start at x = ±10 … ±20 with the target on the other side (squared error, "
    "{STEPS:,} steps), "
)

CLAIMS = (
    Claim(
        id="saturated-tanh-stuck-sgd",
        functions=("tanh",),
        sentence="A saturated tanh unit is stuck for ever under gradient descent.",
        experiment="saturated:stuck",
        arguments={"name": "tanh", "optimizer": "SGD"},
        always=(Bound("left at most", "=", 0), Bound("gradients that are 0, accurate", "=", 22)),
        condition="“for ever” means as long as anybody trains: the true gradient is not 0, and in exact arithmetic a "
        "unit at 10 would leave after {steps of exact SGD from 10:.1e} steps at learning rate 1, one at 20 "
        "after {steps of exact SGD from 20:.1e}",
        then=(Bound("left at most", "=", 0), Bound("steps of exact SGD from 10", ">", 1e6)),
        words=_STUCK + "{left, torch gradient, SGD, float32:.0f} leave with torch's float32 gradient (exactly 0 for "
        "{gradients that are 0, torch:.0f} of them), {left, accurate gradient, SGD, float32:.0f} with the "
        "accurate one (exactly 0 for {gradients that are 0, accurate:.0f}), and "
        "{left, accurate gradient, SGD, float64:.0f} with that in float64.",
    ),
    Claim(
        id="saturated-tanh-stuck-adam",
        functions=("tanh",),
        sentence="A saturated tanh unit is stuck for ever under Adam.",
        experiment="saturated:stuck",
        arguments={"name": "tanh", "optimizer": "Adam"},
        always=(Bound("left at most", "=", 0),),
        condition="the gradient is computed from the rounded output, as torch does: it is exactly 0 then. With the "
        "accurate gradient {left, accurate gradient, Adam, float32:.0f} leave, and all "
        "{left, accurate gradient, Adam, ε = 1e-30, float32:.0f} where Adam's ε is 1e-30 instead of 1e-8",
        then=(
            Bound("left, torch gradient, Adam, float32", "=", 0),
            Bound("left, accurate gradient, Adam, ε = 1e-30, float32", "=", 22),
        ),
        words=_STUCK + "{left, torch gradient, Adam, float32:.0f} leave with torch's float32 gradient, "
        "{left, accurate gradient, Adam, float32:.0f} with the accurate one, and "
        "{left, accurate gradient, Adam, ε = 1e-30, float32:.0f} with that and a smaller ε: Adam divides "
        "the gradient by its own size, however small.",
    ),
    Claim(
        id="saturated-sigmoid-stuck-sgd",
        functions=("sigmoid",),
        sentence="A saturated sigmoid unit is stuck for ever under gradient descent.",
        experiment="saturated:stuck",
        arguments={"name": "sigmoid", "optimizer": "SGD"},
        always=(Bound("left at most", "=", 0), Bound("steps of exact SGD from 10", ">", 1e6)),
        condition="it is far out: at learning rate 1 a unit at 10 would leave after {steps of exact SGD from 10:,.0f} "
        "steps, one at 20 after {steps of exact SGD from 20:.1e}",
        then=(Bound("left at most", "=", 0), Bound("steps of exact SGD from 20", ">", 1e6)),
        words=_STUCK + "{left, torch gradient, SGD, float32:.0f} leave with torch's float32 gradient and "
        "{left, accurate gradient, SGD, float32:.0f} with the accurate one. Torch's is exactly 0 only for "
        "{gradients that are 0, torch:.0f}, those at 17 … 20, where the output rounds to 1.",
    ),
    Claim(
        id="saturated-sigmoid-stuck-adam",
        functions=("sigmoid",),
        sentence="A saturated sigmoid unit is stuck for ever under Adam.",
        experiment="saturated:stuck",
        arguments={"name": "sigmoid", "optimizer": "Adam"},
        always=(Bound("left at most", "=", 0),),
        condition="its output has been rounded to 1: torch's gradient is exactly 0 there, for "
        "{gradients that are 0, torch:.0f} of the units; all others leave",
        then=(Bound("gradients that are 0, torch", ">", 0), Bound("left, accurate gradient, Adam, float32", "=", 22)),
        words=_STUCK + "{left, torch gradient, Adam, float32:.0f} leave with torch's float32 gradient and "
        "{left, accurate gradient, Adam, float32:.0f} with the accurate one.",
    ),
)
