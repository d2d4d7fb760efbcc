"""Attention that looks at one place only."""

from __future__ import annotations

from collections.abc import Iterator

from rheobase.doctor.records import Case, Remedy
from rheobase.doctor.rules.harm import stuck
from rheobase.doctor.rules.rule import Rule, Sign
from rheobase.doctor.rules.units import HALF

#: Share of the largest entropy below which a head looks at one place.
SHARP = 0.02
#: Logits this large leave softmax no slope: e⁻⁵⁰ is below the rounding of float32.
LARGE = 50.0


def _collapse(case: Case) -> Iterator[Sign]:
    for place in case.attention:
        heads = (place.entropy < SHARP).nonzero()[0]
        share = len(heads) / len(place.entropy)
        if share >= HALF and place.largest > LARGE and (stuck(case) or not case.trained):
            evidence = {"heads": share, "entropy": float(place.entropy.mean()), "largest": place.largest}
            yield Sign("critical" if share == 1 else "warning", place.path, evidence, heads.tolist())


RULES = (
    Rule(
        "attention-collapse",
        _collapse,
        "{heads:.0%} of the heads of {site} look at one place each: their weights have {entropy:.1%} of the largest "
        "entropy, and logits reach {largest:.3g}, where softmax has no slope left to learn from.",
        "The heads copy or point, and the loss falls.",
        "entropy below 2% of log T in half of the heads, logits above 50 (Zhai et al. 2023, Wortsman et al. 2023)",
        (
            Remedy("", "Normalise queries and keys (LayerNorm or RMSNorm before the product)."),
            Remedy("learning_rate", "Lower the learning rate, or warm up.", {"factor": 0.1}),
            Remedy("", "Draw the weights of queries and keys anew, by Xavier's rule."),
        ),
        causes=("starved-updates", "vanishing-gradient"),
    ),
)
