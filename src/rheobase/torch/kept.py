"""What PyTorch keeps of a function between forward and backward."""

from __future__ import annotations

from contextvars import ContextVar
from typing import ClassVar

from rheobase.setting import Setting


class saves(Setting):
    """What is kept for backward: `"default"`, `"input"` or `"lean"`.

    input keeps x: the gradient is accurate in the tails too. lean keeps one bit per element of functions whose slope
    has two values, whatever their parameters: the gradient is as exact as from x, but a NaN in x is no NaN in it. Of
    the others it keeps the output where that tells the slope, which costs nothing if the next layer keeps it as well;
    sigmoid's, tanh's and the ELUs' slope then has an absolute error up to 2⁻²⁴ of its largest value and is 0 where
    the output has rounded to its limit, the rest's is as exact as from x. default does what torch does: output for
    sigmoid, tanh and relu, input for the rest, so that no more is kept than torch keeps. What the output does not
    tell, or not for other parameters, keeps x. docs/kept-for-backward.md lists it all.

    A module with `inplace=True` writes over x at once where backward needs bits or the output, and copies x first
    where it needs x; a bit per element takes the place of that copy in every mode. Whatever overwrites an output
    that is kept is told so by torch when the gradient is asked for; bits bear it.

    Holds for the forward passes of this thread that follow, or within a `with` block only, in eager mode on the CPU;
    compilers decide for themselves.

    Raises UnsupportedInput for any other word.

    >>> import torch, rheobase as rb, rheobase.torch as rt
    >>> x = torch.tensor([20.0], requires_grad=True)
    >>> with rt.saves("input"):
    ...     rb.tanh(x).backward()
    >>> x.grad
    tensor([1.6993e-17])
    """

    choices: ClassVar[tuple[str, ...]] = ("default", "input", "lean")
    _variable: ClassVar[ContextVar[str]] = ContextVar("saves", default="default")
