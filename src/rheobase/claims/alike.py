"""Claims that textbooks make of several functions, in the same words."""

from __future__ import annotations

from rheobase.claims.record import Bound, Claim

NOT_SHOWN_BETTER = Bound("not better on", "≥", 1)
_DEARER = Bound("least, forward", "≥", 1.1)


def bounded(id: str, name: str, sentence: str, low: float, high: float) -> Claim:
    """All outputs lie between two ends, which none reaches."""
    first, last = (f"{end:g}".replace("-", "−") for end in (low, high))
    return Claim(
        id=id,
        functions=(name,),
        sentence=sentence,
        experiment="shape:image",
        arguments={"name": name, "low": low, "high": high},
        always=(Bound("exact values outside", "=", 0), Bound("float32 values at an end", "=", 0)),
        condition="numbers are exact: in float32 the first result that is rounded to an end of the interval is met at "
        "|x| = {float32 leaves it at |x|:.3g}",
        then=(Bound("exact values outside", "=", 0), Bound("range is that of the facts", "=", 1)),
        words="Computed to hundreds of digits, {exact values outside:.0f} of {number of EXACT} values on "
        "[{first of GRID:.0f}, {last of GRID:.0f}] lie outside "
        f"({first}, {last}); as float32, {{float32 values at an end:,.0f}} of {{float32 values:,.0f}} equal "
        f"{first} or {last}.",
    )


def saturates(id: str, name: str, sentence: str) -> Claim:
    """The slope vanishes on both sides."""
    return Claim(
        id=id,
        functions=(name,),
        sentence=sentence,
        experiment="shape:flat_sides",
        arguments={"name": name},
        always=(
            Bound("flat sides", "=", 2),
            Bound("largest share of the slope beyond", "<", 0.05),
            Bound("share of the slope at 10", "<", 0.001),
        ),
        words="Beyond |x| = {flat from |x|:.3g} less than 5% of the largest slope is left; at |x| = 10 it is "
        "{share of the slope at 10:.2g} of it.",
    )


def off_centre(id: str, name: str, sentence: str) -> Claim:
    """The mean output is not 0."""
    return Claim(
        id=id,
        functions=(name,),
        sentence=sentence,
        experiment="centre:mean_output",
        arguments={"name": name},
        always=(Bound("share of the signal that is offset", ">", 0.1),),
        words="For inputs from N(0, 1) the mean output is {mean output:.3f} ({mean over the draws:.3f} over "
        "{DRAWS:,} draws), and {share of the signal that is offset:.0%} of the signal E f² is this offset; in "
        "trained networks the units' means make {share that is offset in a trained network:.0%} of it.",
    )


def costs_more(id: str, name: str, called: str, sentence: str) -> Claim:
    """It takes longer than ReLU: by itself, forward and backward, and in a training step."""
    return Claim(
        id=id,
        functions=(name,),
        sentence=sentence,
        experiment="cost:against",
        arguments={"name": name, "others": ("relu",)},
        always=(_DEARER, Bound("least, forward+backward", "≥", 1.1), Bound("least, training step", "≥", 1.1)),
        condition="the function is timed by itself: a whole training step (width {WIDTH}) takes "
        f"{{training step, torch against relu:.2f}} times as long with torch's {called} as with its ReLU, and "
        "{training step, ours against relu:.2f} times with ours",
        then=(_DEARER,),
        words="On {SIZE:,} numbers and one thread, forward: {forward, torch against relu:.1f} times ReLU in torch, "
        "{forward, ours against relu:.1f} times here; forward and backward: "
        "{forward+backward, torch against relu:.1f} and {forward+backward, ours against relu:.1f}.",
        timed=True,
    )


def against_relu(
    id: str, name: str, sentence: str, always: tuple[Bound, ...], condition: str = "", then: tuple[Bound, ...] = ()
) -> Claim:
    """Studies of it and of ReLU on several data sets."""
    return Claim(
        id=id,
        functions=(name,),
        sentence=sentence,
        experiment="comparison:better",
        arguments={"name": name, "baseline": "relu"},
        always=always,
        condition=condition,
        then=then,
        words="Studies on {number of DATA} data sets, {seeds} paired seeds, each function at its own best "
        "learning rate: better than "
        "ReLU on {better on:.0f}, worse on {worse on:.0f}, not to be told apart on {undecided on:.0f}; on one of them "
        "the intervals allow a gain of {gain at most, where it gains least:.2f} hundredths of the score at most. "
        "Mean differences in hundredths: digits {digits:+.2f}, breast_cancer {breast_cancer:+.2f}, wine "
        "{wine:+.2f}, diabetes {diabetes:+.2f}.",
    )
