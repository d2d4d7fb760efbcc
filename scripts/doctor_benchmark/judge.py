"""Training a scenario under watch, and comparing what was said with what is so."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from scenario import Scenario, Setup
from torch import nn

import rheobase.torch as rt
from rheobase.doctor.report import Report
from rheobase.doctor.rules.units import dead

ALARMS = ("critical", "warning")


@dataclass(frozen=True)
class Row:
    """One training: what was said, and what was so.

    score: the scenario's metric, on unseen rows.
    """

    scenario: str
    family: str
    half: str
    sick: bool
    seed: int
    expected: str
    first: str
    site: str
    alarms: str
    detected: bool
    right_first: bool
    right_site: bool | None
    true_dead: int
    found_dead: int
    both_dead: int
    score: float


def train(
    setup: Setup, seed: int, watched: bool = True, look: Callable[[int], None] = lambda step: None
) -> Report | None:
    """The usual loop; `look` is called after each step with its number."""
    order = torch.Generator().manual_seed(seed)
    run = torch.compile(setup.model, backend="aot_eager") if setup.compiled else setup.model
    loss = setup.loss if isinstance(setup.loss, nn.Module) else None
    with ExitStack() as stack:
        w = stack.enter_context(rt.watch(setup.model, optimizer=setup.optimizer, loss=loss)) if watched else None
        setup.model.train()
        for step in range(setup.steps):
            setup.before(step)
            setup.optimizer.zero_grad()
            for _ in range(setup.accumulate):
                rows = torch.randint(len(setup.x), (min(setup.batch, len(setup.x)),), generator=order)
                with torch.autocast("cpu", torch.bfloat16, enabled=setup.autocast):
                    value = setup.loss(run(setup.x[rows]), setup.y[rows])
                (value / setup.accumulate).backward()
            setup.after()
            setup.optimizer.step()
            look(step)
            if setup.validate and step % 25 == 0:
                setup.model.eval()
                with torch.no_grad():
                    setup.model(setup.x)
                setup.model.train()
    return w.report() if w is not None else None


@torch.no_grad()
def truly_dead(setup: Setup) -> dict[str, set[int]]:
    """By module of ReLU, the units that are 0 on the whole data set."""
    found: dict[str, set[int]] = {}

    def note(path: str):
        def hook(layer: nn.Module, inputs: object, output: torch.Tensor) -> None:
            places = (
                output.movedim(1, -1).reshape(-1, output.shape[1])
                if output.dim() == 4
                else output.reshape(-1, output.shape[-1])
            )
            silent = set(torch.nonzero((places <= 0).all(dim=0)).flatten().tolist())
            found[path] = found[path] & silent if path in found else silent

        return hook

    hooks = [m.register_forward_hook(note(p)) for p, m in setup.model.named_modules() if type(m) is nn.ReLU]
    setup.model.train()
    for layer in setup.model.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.Dropout):
            layer.eval()
    setup.model(setup.x)
    for hook in hooks:
        hook.remove()
    return found


def judge(scenario: Scenario, seed: int, faulty: bool = True) -> Row:
    """Train it, ask the doctor before and after, compare."""
    warnings.simplefilter("ignore")
    setup = scenario.make(seed, faulty)
    sick = scenario.sick and faulty
    before = rt.check(setup.model, (setup.x[:512], setup.y[:512]), loss=setup.loss)
    report = train(setup, seed)
    assert report is not None
    said = [f for f in report.findings if f.severity in ALARMS]
    early = [f for f in before.findings if f.severity in ALARMS]
    every = [*said, *(f for f in early if f.rule not in {g.rule for g in said})]
    first = every[0] if every else None
    truth = truly_dead(setup) if not sick or "non-finite" not in scenario.rules else {}
    found = {s.path: {int(u) for u in dead(s)} for s in report.sites if s.function == "relu" and s.call == 0}
    both = sum(len(truth[p] & found.get(p, set())) for p in truth)
    return Row(
        scenario=scenario.called(faulty),
        family=scenario.family if faulty else "healthy",
        half=scenario.half,
        sick=sick,
        seed=seed,
        expected=" ".join(sorted(scenario.rules)) if sick else "",
        first=first.rule if first else "",
        site=first.site if first else "",
        alarms=" ".join(f"{f.rule}@{f.site}" for f in every),
        detected=any(f.rule in scenario.rules for f in every),
        right_first=first is not None and first.rule in scenario.rules,
        right_site=first is not None and first.site in scenario.sites if sick and scenario.sites else None,
        true_dead=sum(map(len, truth.values())),
        found_dead=sum(len(found.get(p, set())) for p in truth),
        both_dead=both,
        score=scenario.metric(setup.model, *setup.unseen),
    )
