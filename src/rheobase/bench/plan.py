"""What a benchmark will time, decided before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rheobase import catalogue
from rheobase.definition import Definition
from rheobase.errors import RheobaseError
from rheobase.workers import cores

#: "in place" is over the input, or into memory that is there already where a library knows no other way.
Pass = Literal["forward", "in place", "forward+backward"]
FORWARD: Final = "forward"
IN_PLACE: Final = "in place"
BOTH: Final = "forward+backward"
PASSES: tuple[Pass, ...] = (FORWARD, IN_PLACE, BOTH)

#: What networks use most: of these the project states speed and accuracy.
CORE = (
    *catalogue.TEXTBOOK, "gelu", "gelu_tanh", "silu", "mish", "selu", "celu", "log_sigmoid",
    "hard_sigmoid", "hard_tanh", "hard_swish",
)  # fmt: skip
SIZES = (1 << 9, 1 << 12, 1 << 16, 1 << 20, 1 << 24)
#: Widths of the layers in the network whose training step is timed.
WIDTHS = (128, 256, 512)

#: What we are called: our two cores, and our NumPy form.
FAST, EXACT, NUMPY = OURS = ("rheobase fast", "rheobase exact", "rheobase numpy")
#: What every speed is compared with.
REFERENCE = "torch"
RIVALS = (REFERENCE, "torch.compile", "jax", "onnxruntime")


@dataclass(frozen=True)
class Plan:
    """A benchmark: which functions at which numbers of elements, beside whom, on how many cores.

    `repeats` is the number of rounds; 0: as many as `seconds` per function, size and pass allow.
    """

    functions: tuple[str, ...] = CORE
    sizes: tuple[int, ...] = SIZES
    rivals: tuple[str, ...] = RIVALS
    threads: int = 1
    repeats: int = 0
    seconds: float = 0.5

    @property
    def trained(self) -> tuple[str, ...]:
        """Functions that can stand between layers and that torch.nn has, too."""
        known = [(name, catalogue.lookup(name)) for name in self.functions]
        return tuple(name for name, d in known if d.kind == "elementwise" and d.torch.module)

    @property
    def cells(self) -> int:
        """Comparisons in all."""
        kernels = sum(len(passes(catalogue.lookup(name))) for name in self.functions) * len(self.sizes)
        return kernels + len(self.trained) * len(WIDTHS)


def passes(definition: Definition) -> tuple[Pass, ...]:
    """The passes a function has: where the output is smaller than the input, nothing is done in place."""
    smaller = definition.kind == "gated" or definition.groups
    return (FORWARD, BOTH) if smaller else PASSES


def make(
    functions: Sequence[str] = (),
    sizes: Sequence[int] = SIZES,
    rivals: Sequence[str] = RIVALS,
    threads: int | None = None,
    repeats: int = 0,
) -> Plan:
    """A checked plan; functions may be aliases (none: the core), and torch always takes part.

    Raises UnknownFunction for a name that is none, RheobaseError for a plan that cannot be carried out.
    """
    names = tuple(dict.fromkeys(catalogue.canonical(name) for name in functions or CORE))
    for rival in rivals:
        if rival not in RIVALS:
            raise RheobaseError(f"no rival is called {rival!r}; there are {', '.join(RIVALS)}")
    if not sizes or min(sizes) < 2 or max(sizes) > 1 << 30:
        raise RheobaseError(f"sizes are numbers of elements from 2 to 2^30, got {','.join(map(str, sizes))}")
    if repeats < 0:
        raise RheobaseError(f"repeats are rounds, from 0 (as many as time allows), got {repeats}")
    chosen = tuple(r for r in RIVALS if r in rivals or r == REFERENCE)
    return Plan(names, tuple(dict.fromkeys(sizes)), chosen, _threads(threads), repeats)


def _threads(wanted: int | None) -> int:
    own = cores()
    if wanted is not None and not 1 <= wanted <= own:
        raise RheobaseError(f"threads are 1 to {own}, the cores that this process may use, got {wanted}")
    return own if wanted is None else wanted
