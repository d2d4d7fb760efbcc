"""What other tools read of a training, as a plain record: taken with hooks of our own at evenly spaced steps."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from judge import train
from scenario import Setup
from scores import score
from torch import nn
from torch.utils.hooks import RemovableHandle

Tensor = torch.Tensor

#: Observed steps of a training: about as many as the tools whose rules run once an epoch would see.
MOMENTS = 30


@dataclass(frozen=True)
class Layer:
    """A module without parts, on the batch of the step. kind: its class."""

    path: str
    kind: str
    inputs: Tensor
    outputs: Tensor


@dataclass(frozen=True)
class Weight:
    """A matrix or kernel before the step, the gradient the step was made from, and ‖Δw‖/‖w‖."""

    name: str
    value: Tensor
    gradient: Tensor
    ratio: float


@dataclass(frozen=True)
class Moment:
    """One observed step, its layers and weights in forward order; loss and scores are measured after it."""

    step: int
    rate: float
    layers: tuple[Layer, ...]
    weights: tuple[Weight, ...]
    loss: float
    score: float
    unseen_score: float


@dataclass(frozen=True)
class Course:
    """A training. last: the class of the module that gave the output; plain: steps are rate times gradient."""

    moments: tuple[Moment, ...]
    classes: bool
    last: str
    targets: tuple[float, float]
    plain: bool


@dataclass
class Recorder:
    """Collects moments while `judge.train` runs."""

    setup: Setup
    moments: list[Moment] = field(default_factory=list)
    layers: dict[str, Layer] = field(default_factory=dict)
    before: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    step: int = 0

    @property
    def due(self) -> bool:
        return self.step % max(1, self.setup.steps // MOMENTS) == 0

    def attach(self) -> list[RemovableHandle]:
        leaves = [(path, m) for path, m in self.setup.model.named_modules() if not list(m.children())]
        hooks = [m.register_forward_hook(self._noting(path)) for path, m in leaves]
        return [*hooks, self.setup.optimizer.register_step_pre_hook(lambda *_: self._weigh())]

    def _noting(self, path: str):
        def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor | tuple[Tensor, ...]) -> None:
            if self.due and module.training:
                result = output if isinstance(output, Tensor) else output[0]
                # copies: what follows in place would change them; in float32, as autocast's halves have no quantiles
                before, after = (t.detach().clone().float() for t in (inputs[0], result))
                self.layers[path] = Layer(path, type(module).__name__, before, after)

        return note

    def _weigh(self) -> None:
        if self.due:
            self.before = {
                name: (p.detach().clone(), torch.zeros_like(p) if p.grad is None else p.grad.clone())
                for name, p in self.setup.model.named_parameters()
                if p.dim() > 1 and p.requires_grad
            }

    def look(self, step: int) -> None:
        if self.due:
            now = dict(self.setup.model.named_parameters())
            weights = tuple(
                Weight(name, old, gradient, float((now[name].detach() - old).norm() / old.norm()))
                for name, (old, gradient) in self.before.items()
            )
            self.moments.append(self._moment(weights))
        self.step = step + 1

    def _moment(self, weights: tuple[Weight, ...]) -> Moment:
        setup, layers = self.setup, tuple(self.layers.values())
        self.layers = {}
        setup.model.eval()
        with torch.no_grad():
            loss = float(setup.loss(setup.model(setup.x), setup.y))
        rate = setup.optimizer.param_groups[0]["lr"]
        scores = score(setup.model, setup.x, setup.y), score(setup.model, *setup.unseen)
        return Moment(self.step, rate, layers, weights, loss, *scores)


def recorded(setup: Setup, seed: int) -> Course:
    """Train it, as `judge` does, but for the doctor; what is compiled runs as it is written, which hooks need."""
    setup.compiled = False
    recorder = Recorder(setup)
    hooks = recorder.attach()
    train(setup, seed, watched=False, look=recorder.look)
    for hook in hooks:
        hook.remove()
    layers, optimizer = recorder.moments[0].layers, setup.optimizer
    return Course(
        moments=tuple(recorder.moments),
        classes=not setup.y.is_floating_point(),
        last=layers[-1].kind if layers else "",
        targets=(float(setup.y.min()), float(setup.y.max())),
        plain=isinstance(optimizer, torch.optim.SGD) and not optimizer.defaults["momentum"],
    )
