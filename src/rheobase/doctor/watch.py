"""During training: the user's loop stays as it is, some of its steps are observed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import torch
from torch import nn

from rheobase.doctor.observe.case import layers, sites
from rheobase.doctor.observe.ear import Ear
from rheobase.doctor.observe.inputs import plain, seen
from rheobase.doctor.observe.kept import Kept, left_as_it_was
from rheobase.doctor.observe.listener import Key, Listener
from rheobase.doctor.observe.losses import Losses, calls_of_torch, kind_of
from rheobase.doctor.observe.output import place_of
from rheobase.doctor.observe.pace import BUDGET, Pace
from rheobase.doctor.observe.tally import Tally
from rheobase.doctor.observe.timeline import Timeline
from rheobase.doctor.observe.weights import Weights
from rheobase.doctor.observe.wrappers import unwrapped
from rheobase.doctor.records import Case
from rheobase.doctor.report import Report
from rheobase.doctor.report.live import Live
from rheobase.doctor.rules import diagnose
from rheobase.errors import UnsupportedInput

Tensor = torch.Tensor

#: Forward passes of one step that are observed: more add samples, and cost.
_PASSES = 4


class watch:
    """Watch a model while it trains.

    >>> import torch, rheobase.torch as rt
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))
    >>> optimizer, loss = torch.optim.SGD(net.parameters(), lr=0.1), torch.nn.MSELoss()
    >>> x, y = torch.randn(64, 4), torch.randn(64, 1)
    >>> with rt.watch(net, optimizer=optimizer, loss=loss) as w:
    ...     for _ in range(20):
    ...         optimizer.zero_grad()
    ...         loss(net(x), y).backward()
    ...         optimizer.step()
    >>> w.report().overhead.steps
    20

    Args:
        model: any module, also one inside torch.compile or DistributedDataParallel, watched before or after.
        optimizer: what steps it. Without it every forward pass in training mode counts as a step, and nothing is
            said about updates.
        loss: the loss function. Losses of torch are heard anyway; a module of the user's own is heard by its
            hook, another function's kind is unknown.
        budget: share of the time that observing may take. The first two steps, every step
            whose number is a power of two and the first 0.05 s are free.
        suppress: names of rules to leave out of reports.
        live: show a row per activation in the terminal while it trains, about once a second.

    Training is bit for bit the same with and without: gradients, random numbers and buffers are not touched. (What
    torch.compile made runs uncompiled in observed steps, so there it is the same up to rounding.) At the end the
    latest inputs, as far as they are small, run through the network once more, in evaluation mode. Passes without
    gradients or in evaluation mode are not observed. No step waits for the device.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer | None = None,
        loss: Callable[..., Any] | None = None,
        budget: float = BUDGET,
        suppress: Collection[str] = (),
        live: bool = False,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise UnsupportedInput(f"watch needs a torch.nn.Module, not {type(model).__name__}")
        if not 0 < budget <= 1:
            raise UnsupportedInput(f"budget is a share of the time, between 0 and 1, not {budget}")
        self.model, self.optimizer, self.loss = unwrapped(model), optimizer, loss
        self.suppress = suppress
        self.pace, self.losses, self.timeline = Pace(budget), Losses(), Timeline()
        self.listener = Listener(self.model, lambda *_: None)
        held = None if optimizer is None else {id(p) for g in optimizer.param_groups for p in g["params"]}
        self.weights = Weights(self.model, held)
        self.inputs: Tensor | None = None
        self.kept = Kept()
        #: the tallies after the first observed step
        self.first: dict[Key, Tally] = {}
        self._always, self._observing, self._passing = ExitStack(), ExitStack(), ExitStack()
        self._is_observing, self._in_step = False, 0
        self._live = Live(budget) if live else None

    # --- the user's side ------------------------------------------------------------------------------

    def __enter__(self) -> watch:
        """Start."""
        if self._live is not None:
            self._live.start()
            self._always.callback(self._live.stop)
        if self.optimizer is not None:
            self._always.callback(self.optimizer.register_step_pre_hook(self._before_step).remove)
            self._always.callback(self.optimizer.register_step_post_hook(self._after_step).remove)
        else:
            self._always.callback(self.model.register_forward_pre_hook(Ear(self._before_pass)).remove)
        self._begin_step()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and leave no hook behind; then see the network as it is now."""
        self._passing.close()
        if error is None and self._is_observing and self._in_step:
            self._close()
        self._stop_observing()
        self._always.close()
        # without an optimizer a step ends where the next one begins, and the last has none after it
        self.pace.steps += self.optimizer is None and self._in_step > 0
        if error is None:
            self._look_back()

    def report(self) -> Report:
        """What was found so far; it may be asked for at any time."""
        found, trail = sites(self.listener), self.listener.structure
        output = self.listener.output
        case = Case(
            sites=found, first=sites(self.listener, self.first) or found,
            parameters=self.weights.statistics(), layers=layers(self.listener),
            doubled=tuple(trail.doubled), losses=self.losses.statistics(), inputs=plain(self.inputs),
            attention=self.listener.attention.statistics(),
            output=output.site[1] if output.site else "", output_kind=output.kind,
            moments=self.timeline.moments(), steps=tuple(self.timeline.steps),
            overhead=self.pace.overhead(len(self.timeline.steps)),
            trained=True, optimised=self.optimizer is not None,
        )  # fmt: skip
        return Report(case, diagnose(case, self.suppress))

    def _look_back(self) -> None:
        """Run the latest inputs through the final network: what died late would be missed otherwise."""
        self.listener.step = self.pace.steps
        with left_as_it_was(self.model), torch.no_grad(), self.listener.attached():
            self.model.eval()
            for inputs in self.kept.take():
                with self.listener.begin(inputs):
                    self.model(*inputs)
                self.listener.end(None)

    # --- steps ----------------------------------------------------------------------------------------

    def _begin_step(self) -> None:
        if self.pace.due():
            with self.pace.paid():
                self.pace.begin()
                self._observe()

    def _observe(self) -> None:
        self._is_observing, self._in_step = True, 0
        self.listener.step = self.losses.step = self.pace.steps
        self.listener.attach()
        on = self._observing.callback
        on(self.listener.detach)
        on(self.model.register_forward_hook(Ear(self._after_pass), always_call=True).remove)
        if self.optimizer is not None:
            on(self.model.register_forward_pre_hook(Ear(self._before_pass)).remove)
        if isinstance(self.loss, nn.Module) and not kind_of(self.loss):
            on(self.loss.register_forward_hook(Ear(self._own_loss)).remove)
        self._observing.enter_context(calls_of_torch(self._heard))
        # a compiled model has no room for hooks: in this step it runs as it was written
        self._observing.enter_context(torch.compiler.set_stance("force_eager"))

    def _stop_observing(self) -> None:
        self._observing.close()
        self._is_observing = False

    def _before_step(self, *_: Any) -> None:
        if self._is_observing:
            with self.pace.paid():
                self.weights.before_step()

    def _after_step(self, *_: Any) -> None:
        if self._is_observing:
            with self.pace.paid():
                self._close()
        self.pace.steps += 1
        self._begin_step()

    def _close(self) -> None:
        """End of an observed step."""
        self._stop_observing()
        self.weights.after_step()
        self.timeline.add(self.pace.steps, self.listener)
        if not self.first:
            self.first = {key: tally.frozen() for key, tally in self.listener.tallies.items()}
        self.pace.add(self.listener.spent)
        self.listener.spent = 0.0
        if self._live is not None:
            self._live.update(self.report)

    # --- passes ---------------------------------------------------------------------------------------

    def _before_pass(self, model: nn.Module, inputs: tuple[Any, ...]) -> None:
        if not (model.training and torch.is_grad_enabled()):
            return
        if self.optimizer is None and (self._in_step or not self._is_observing):
            self._after_step()
        if self._is_observing and self._in_step < _PASSES:
            with self.pace.paid():
                self._listen(inputs)

    def _listen(self, inputs: tuple[Any, ...]) -> None:
        if self.inputs is None:
            self.inputs = seen(inputs)
        self._in_step += 1
        self.kept.add(inputs, self.listener.activations())
        self._passing.push(self.listener.begin(inputs))

    def _after_pass(self, model: nn.Module, inputs: Any, output: Any) -> None:
        self._passing.close()
        self.listener.end(output)
        self.losses.output_at = place_of(output)

    def _heard(self, kind: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any) -> None:
        if torch.is_grad_enabled() and self._in_step:
            with self.pace.paid():
                self.losses.take(kind, args, kwargs, result)

    def _own_loss(self, loss: nn.Module, inputs: tuple[Any, ...], result: Any) -> None:
        if torch.is_grad_enabled() and self._in_step and len(inputs) > 1:
            with self.pace.paid():
                self.losses.note("", inputs[0], inputs[1], result)
