"""What claims promise: all are there, each experiment is a short function, verdicts and words follow from numbers."""

from __future__ import annotations

import dataclasses
import inspect
import math
import re

import pytest

import rheobase as rb
from rheobase.catalogue import TEXTBOOK
from rheobase.claims import CLAIMS, chosen
from rheobase.claims.conduct import outcome_of
from rheobase.claims.files import Results, as_json, committed, from_json, here
from rheobase.claims.page import render
from rheobase.claims.record import RELATIONS, Bound, Claim, Measured, Picture, judged

COMMITTED = {outcome.id: outcome for outcome in committed().outcomes}
#: Cheap enough to be tested again, and with numbers that a seed repeats.
QUICK = [claim for claim in CLAIMS if not claim.timed and COMMITTED[claim.id].seconds < 0.7]

#: What the project set out to test, function by function, and the claim that does.
WANTED = {
    "sigmoid: output in (0, 1)": "sigmoid-range",
    "sigmoid: largest slope 0.25 at 0": "sigmoid-largest-slope",
    "sigmoid: gradient saturates away from 0": "sigmoid-saturates",
    "sigmoid: a chain loses the gradient": "sigmoid-chain-loses-gradient",
    "sigmoid: not zero-centred": "sigmoid-not-zero-centred",
    "sigmoid: weight gradients of a unit share a sign": "sigmoid-gradients-share-a-sign",
    "sigmoid: steps to a loss against tanh": "sigmoid-slower-than-tanh",
    "sigmoid: not being centred slows learning": "off-centre-slows-tanh",
    "sigmoid: centring it speeds learning": "centring-speeds-sigmoid",
    "sigmoid: pays for an exponential": "sigmoid-pays-for-an-exponential",
    "sigmoid: not a calibrated probability": "sigmoid-outputs-are-not-probabilities",
    "tanh: range": "tanh-range",
    "tanh: zero-centred": "tanh-zero-centred",
    "tanh: 2 sigmoid(2x) - 1": "tanh-is-a-sigmoid",
    "tanh: saturates on both sides": "tanh-saturates",
    "tanh: with an output sigmoid it works": "tanh-with-sigmoid-output-works",
    "tanh: against alternatives": "tanh-with-sigmoid-output-against-others",
    "saturated tanh, SGD": "saturated-tanh-stuck-sgd",
    "saturated tanh, Adam": "saturated-tanh-stuck-adam",
    "saturated sigmoid, SGD": "saturated-sigmoid-stuck-sgd",
    "saturated sigmoid, Adam": "saturated-sigmoid-stuck-adam",
    "relu: no saturation for x > 0": "relu-no-saturation",
    "relu: cheap forward": "relu-cheap-forward",
    "relu: cheap backward": "relu-cheap-backward",
    "relu: not differentiable at 0": "relu-kink",
    "relu: what each library picks there": "relu-slope-at-kink",
    "relu: units die, learning rate": "relu-units-die-with-learning-rate",
    "relu: units die, bias": "relu-units-die-with-bias",
    "relu: not zero-centred": "relu-not-zero-centred",
    "leaky relu: no dead units": "leaky-relu-no-dead-units",
    "leaky relu: not proven always better": "leaky-relu-not-always-better",
    "prelu: slope learnt": "prelu-slope-is-learnt",
    "prelu: per channel": "prelu-slope-per-channel",
    "prelu: slope 0 is relu": "prelu-slope-0-is-relu",
    "prelu: fixed slope is leaky relu": "prelu-fixed-slope-is-leaky-relu",
    "prelu: negative part linear": "prelu-linear-for-negative",
    "prelu: not proven always better": "prelu-not-always-better",
    "elu: no dead units": "elu-no-dead-units",
    "elu: mean output nearer 0": "elu-mean-nearer-0",
    "elu: costs more": "elu-costs-more",
    "elu: not always better": "elu-not-always-better",
    "softmax: a distribution": "softmax-distribution",
    "softmax: shift invariance": "softmax-shift-invariance",
    "softmax: overflow-safe": "softmax-overflow-safe",
    "softplus: smooth relu": "softplus-smooth-relu",
    "softplus: derivative is sigmoid": "softplus-slope-is-sigmoid",
    "softplus: suppresses one side": "softplus-suppresses-one-side",
    "softplus: range": "softplus-range",
    "step: a threshold": "step-threshold",
    "step: no back-propagation": "step-no-backpropagation",
    "no non-linearity: one linear map": "linear-network-collapses",
}


def test_every_claim_that_was_set_out_is_there() -> None:
    assert sorted(WANTED.values()) == sorted(claim.id for claim in CLAIMS)
    assert {name for claim in CLAIMS for name in claim.functions} >= set(TEXTBOOK)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_can_be_read_and_run(claim: Claim) -> None:
    for name in claim.functions:
        assert rb.get(name).name == name
    assert claim.sentence.endswith(".")
    assert bool(claim.condition) == bool(claim.then)
    assert {bound.relation for bound in (*claim.always, *claim.then)} <= RELATIONS.keys()
    function = claim.function
    assert len(inspect.getsource(function).splitlines()) <= 40, "an experiment reads as an example"
    assert function.__doc__
    inspect.signature(function).bind(**claim.arguments, seed=0)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_the_committed_verdict_follows_from_the_committed_numbers(claim: Claim) -> None:
    """Also: sentence, words, condition and experiment are those of today's claim."""
    was = COMMITTED[claim.id]
    assert was == judged(claim, Measured(was.numbers), was.seed, was.seconds)
    assert all(math.isfinite(value) for value in was.numbers.values())


def test_the_committed_claims_are_all_and_in_order() -> None:
    assert list(COMMITTED) == [claim.id for claim in CLAIMS]
    assert committed().versions["rheobase"]


@pytest.mark.parametrize("claim", QUICK, ids=lambda claim: claim.id)
def test_a_claim_comes_out_again(claim: Claim) -> None:
    outcome, again = (outcome_of(claim, COMMITTED[claim.id].seed) for _ in range(2))
    assert outcome.numbers == again.numbers
    assert outcome.verdict == COMMITTED[claim.id].verdict, outcome.words


def test_verdicts_follow_from_bounds() -> None:
    bounds = {"always": (Bound("a", "<", 1),), "then": (Bound("b", "≥", 2),)}
    claim = Claim("probe", ("relu",), "It is.", "shape:kink", {}, words="a is {a:g}.", condition="b is {b:g}", **bounds)
    holds, only, not_, unknown = (
        judged(claim, Measured({"a": a, "b": b}), 0, 0.0) for a, b in ((0, 0), (1, 2), (1, 1), (math.nan, 0))
    )
    assert [o.verdict for o in (holds, only, not_, unknown)] == [
        "holds",
        "holds only when",
        "does not hold",
        "does not hold",
    ]
    assert (holds.condition, only.condition, only.words) == (None, "b is 2", "a is 1.")
    rounded = dataclasses.replace(claim, words="{a:.1f}, {b:.0%}, {b:.0e}")
    assert judged(rounded, Measured({"a": -0.04, "b": -0.06}), 0, 0.0).words == "0.0, −6%, −6·10⁻²"
    # without a condition there is nothing between the two
    bare = dataclasses.replace(claim, condition="", then=())
    assert judged(bare, Measured({"a": 1, "b": 2}), 0, 0.0).verdict == "does not hold"


def test_json_and_back() -> None:
    claim = chosen(["relu-kink"])[0]
    picture = Picture("x", "y", {"line": ([0.0], [1.0])})
    outcome = judged(claim, Measured({**COMMITTED["relu-kink"].numbers, "gap": 1 / 3}, picture), 7, 1 / 3)
    results = here([outcome])
    assert from_json(as_json(results)) == results
    assert outcome.verdict == "does not hold"


def test_names() -> None:
    assert chosen() == list(CLAIMS)
    assert chosen(["lrelu"]) == [claim for claim in CLAIMS if "leaky_relu" in claim.functions]
    assert [claim.id for claim in chosen(["tanh-range", "tanh-range"])] == ["tanh-range"]
    with pytest.raises(rb.RheobaseError, match=r"did you mean .*tanh-range"):
        chosen(["tanh-rang"])
    with pytest.raises(rb.RheobaseError, match="none is about a function of that name"):
        chosen(["gelu"])


def test_the_page_says_what_was_found() -> None:
    found = committed()
    picture = Picture("start <x>", "y", {"a & b": ([1.0, 2.0], [1.0, 3.0])}, log="y", kind="points")
    first = dataclasses.replace(found.outcomes[0], picture=picture, words="less < more")
    page = render(Results((first, *found.outcomes[1:]), found.machine, found.versions))
    for outcome in found.outcomes:
        assert page.count(f'id="{outcome.id}"') == 1
    assert "less &lt; more" in page
    assert "start &lt;x&gt;" in page
    assert not re.findall(r'(?:src|href)="[^"#][^"]*"|url\(["\']?http', page), "a page that fetches something"


def test_words_quote_what_the_experiment_is_set_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rheobase.claims.experiments.cost.SIZE", 99)
    monkeypatch.setattr("rheobase.claims.experiments.rows.WIDTHS", (3, 5))
    words = {claim.id: judged(claim, Measured(COMMITTED[claim.id].numbers), 0, 0.0).words for claim in CLAIMS}
    assert words["elu-costs-more"].startswith("On 99 numbers")
    assert "rows of 3 to 5 classes" in words["softmax-distribution"]
