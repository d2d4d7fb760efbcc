"""Does the remedy help? The same seeds without it, with it, and with a remedy drawn at random."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from rheobase.doctor.observe.weights import Weights
from rheobase.doctor.records import Finding, Numbers, Remedy
from rheobase.doctor.repair.apply import ACTIONS, applied, holds
from rheobase.doctor.rules import diagnose
from rheobase.doctor.watch import watch
from rheobase.errors import UnsupportedInput

#: Of the intervals.
CONFIDENCE = 0.95
#: What a repair that knows nothing would try.
RANDOM = (
    Remedy("swap", "another function", {"to": "gelu"}),
    Remedy("swap", "another function", {"to": "tanh"}),
    Remedy("learning_rate", "a lower learning rate", {"factor": 1 / 3}),
    Remedy("learning_rate", "a higher learning rate", {"factor": 3.0}),
    Remedy("clip", "clipping", {"norm": 1.0}),
    Remedy("normalise", "normalisation"),
    Remedy("scale_input", "standardised inputs"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one arm is than another, seed by seed: the mean and its interval; positive is better."""

    mean: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether the interval lies above 0."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Verification:
    """Scores by seed of the three arms, and what they amount to.

    symptom: by arm, the share of seeds in which the rule still speaks (warning or worse). random: what was drawn.
    """

    finding: Finding
    remedy: Remedy
    higher_is_better: bool
    seeds: tuple[int, ...]
    none: Numbers
    repaired: Numbers
    randomly: Numbers
    symptom: dict[str, float]
    random: tuple[str, ...]

    def _difference(self, arm: Numbers, base: Numbers) -> Difference:
        arm, base = _ranked(arm, base, self.higher_is_better)
        gain = (arm - base) if self.higher_is_better else (base - arm)
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(gain) - 1) * gain.std(ddof=1) / len(gain) ** 0.5)
        return Difference(float(gain.mean()), float(gain.mean()) - half, float(gain.mean()) + half)

    @property
    def gain(self) -> Difference:
        """The repair against none."""
        return self._difference(self.repaired, self.none)

    @property
    def gain_over_random(self) -> Difference:
        """The repair against a random one."""
        return self._difference(self.repaired, self.randomly)

    @property
    def helps(self) -> bool:
        """Whether the repair is better than none, with an interval that excludes 0."""
        return self.gain.is_sure

    def print(self) -> None:
        """Print the scores and the verdict."""
        from rich.console import Console

        from rheobase.doctor.report.verification import show

        show(self, Console(highlight=False))


def _ranked(arm: Numbers, base: Numbers, higher: bool) -> tuple[Numbers, Numbers]:
    """A run that diverged counts as the worst that was seen."""
    finite = np.concatenate([arm, base])
    finite = finite[np.isfinite(finite)]
    worst = (finite.min() if higher else finite.max()) if len(finite) else 0.0
    return np.where(np.isfinite(arm), arm, worst), np.where(np.isfinite(base), base, worst)


def verify(
    make_model: Callable[[], nn.Module],
    train: Callable[[nn.Module], float],
    finding: Finding,
    seeds: int = 5,
    remedy: Remedy | None = None,
    higher_is_better: bool = False,
) -> Verification:
    """Train with no repair, with the repair, and with a random repair, on paired seeds; say whether it helps.

    Args:
        make_model: makes an untrained model; called with torch's random numbers seeded.
        train: trains the model it is given (with an optimizer of torch) and returns a score, for instance the loss
            on held-out data. Random numbers are seeded before.
        finding: of `check` or `watch`.
        seeds: how many, from 2.
        remedy: one of `finding.remedies`; default: the first that can be carried out.
        higher_is_better: whether the score is a merit, as accuracy is.

    A learning rate is scaled and a gradient clipped at the steps of whatever optimizer holds the model's parameters.

    Raises UnsupportedInput if no remedy of the finding can be carried out on this model.

    >>> import torch, rheobase.torch as rt
    >>> x = 300 * torch.randn(128, 4); y = (x[:, 0] > 0).long(); loss = torch.nn.CrossEntropyLoss()
    >>> def make():
    ...     return torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 2))
    >>> def train(model):
    ...     optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    ...     for _ in range(20):
    ...         optimizer.zero_grad(); loss(model(x), y).backward(); optimizer.step()
    ...     return loss(model(x), y).item()
    >>> finding = rt.check(make(), (x, y), loss=loss).findings[0]
    >>> tried = rt.verify(make, train, finding, seeds=3)
    >>> finding.rule, tried.remedy.action, len(tried.none)
    ('unscaled-input', 'scale_input', 3)
    """
    if seeds < 2:
        raise UnsupportedInput(f"verify compares seeds: it needs 2 or more, not {seeds}")
    chosen = remedy or _first(finding, make_model)
    draws = [_draw(seed, chosen, make_model, finding.site) for seed in range(seeds)]
    arms: dict[str, list[tuple[float, bool]]] = {
        "none": [_run(make_model, train, finding, None, seed) for seed in range(seeds)],
        "repair": [_run(make_model, train, finding, chosen, seed) for seed in range(seeds)],
        "random": [_run(make_model, train, finding, draw, seed) for seed, draw in enumerate(draws)],
    }
    scores = {arm: np.array([score for score, _ in runs]) for arm, runs in arms.items()}
    symptom = {arm: float(np.mean([sick for _, sick in runs])) for arm, runs in arms.items()}
    return Verification(finding, chosen, higher_is_better, tuple(range(seeds)), scores["none"], scores["repair"],
                        scores["random"], symptom, tuple(draw.text for draw in draws))  # fmt: skip


def _first(finding: Finding, make_model: Callable[[], nn.Module]) -> Remedy:
    able = [r for r in finding.remedies if r.action and _can(r, make_model, finding.site)]
    if not able:
        raise UnsupportedInput(
            f"no remedy for {finding.rule} can be carried out on this model; automatic are {', '.join(sorted(ACTIONS))}"
        )
    return able[0]


def _can(remedy: Remedy, make_model: Callable[[], nn.Module], site: str) -> bool:
    with torch.random.fork_rng():
        try:
            with applied(remedy, make_model(), site):
                return True
        except UnsupportedInput:
            return False


def _draw(seed: int, chosen: Remedy, make_model: Callable[[], nn.Module], site: str) -> Remedy:
    """A random remedy of another kind."""
    able = [r for r in RANDOM if r.action != chosen.action and _can(r, make_model, site)]
    return random.Random(seed).choice(able)


def _run(
    make_model: Callable[[], nn.Module],
    train: Callable[[nn.Module], float],
    finding: Finding,
    remedy: Remedy | None,
    seed: int,
) -> tuple[float, bool]:
    """The score, and whether the rule spoke."""
    with torch.random.fork_rng(), ExitStack() as stack:
        torch.manual_seed(seed)
        model = make_model()
        if remedy is not None:
            model = stack.enter_context(applied(remedy, model, finding.site))
        torch.manual_seed(seed)
        with watch(model) as w, _steps(model) as weights:
            score = float(train(model))
    parameters = weights.statistics()
    steps = range(max((len(p.gradients) for p in parameters), default=0))
    case = replace(w.report().case, parameters=parameters, steps=tuple(steps), optimised=len(steps) > 0)
    return score, any(f.rule == finding.rule and f.severity != "info" for f in diagnose(case))


@contextmanager
def _steps(model: nn.Module) -> Iterator[Weights]:
    """Gradients and updates at the steps of whatever optimizer trains the model."""
    weights = Weights(model, None)

    def before(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if holds(optimizer, model):
            weights.before_step()

    def after(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if holds(optimizer, model):
            weights.after_step()

    with ExitStack() as hooks:
        hooks.callback(register_optimizer_step_pre_hook(before).remove)
        hooks.callback(register_optimizer_step_post_hook(after).remove)
        yield weights
