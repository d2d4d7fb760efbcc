"""The one record in which an activation function is declared; everything else is derived from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from typing import Literal

from rheobase.domain import REALS, Domain
from rheobase.errors import DefinitionError

Kind = Literal["elementwise", "row", "gated"]

#: No two fractions with smaller denominators share a float.
_SIMPLE = 1_000_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number the function depends on besides its input.

    `name` is the keyword of the call (torch.nn.functional's name where torch has the function),
    `symbol` how formulas print it in LaTeX, `learnable` whether modules train it by default.
    """

    name: str
    default: float
    domain: Domain = REALS
    symbol: str = ""
    learnable: bool = False

    def __post_init__(self) -> None:
        self.domain.check(self.name, self.default)

    @property
    def meant(self) -> Fraction:
        """The number that the default, which a float can only come near, stands for: 0.01 a hundredth, 1/3 a third.

        >>> Parameter("slope", 1 / 3).meant
        Fraction(1, 3)
        """
        simple = Fraction(self.default).limit_denominator(_SIMPLE)
        return simple if float(simple) == self.default else Fraction(repr(self.default))


@dataclass(frozen=True, slots=True)
class Noise:
    """A random number drawn per element.

    `quantile` turns a uniform x of (0, 1) into it, `at_rest` is the formula used instead of a draw
    when not training; "": always drawn. Both may contain the function's parameters.
    """

    name: str
    quantile: str
    at_rest: str = ""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What another library calls the function.

    `arguments` maps our parameter names to theirs where they differ, to "" where they have none and the two functions
    are the same at our default alone; `fixed` holds arguments of theirs that must have one value for the two functions
    to be the same; `keeps` says what its backward is computed from.
    """

    module: str = ""
    function: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, object] = field(default_factory=dict)
    keeps: Literal["input", "output", "nothing"] = "input"


#: The error promised per dtype, in units in the last place of the correctly rounded value.
PROMISE: Mapping[str, float] = {"float16": 1.0, "bfloat16": 1.0, "float32": 8.0, "float64": 8.0}
#: Where an exponential is taken of something that had to be rounded: it turns one unit of u into |u| units.
SCALED_EXPONENT: Mapping[str, float] = {"float16": 1.0, "bfloat16": 1.0, "float32": 128.0, "float64": 1024.0}


@dataclass(frozen=True, slots=True)
class Definition:
    """An activation function, declared as data.

    `formula` is the paper's. Where it overflows or cancels, `rheobase.algebra.stabilise` finds an equal
    form to compute with; what its rules cannot find is declared as `stable`, with the `reason`. Formulas
    are written in the notation of `rheobase.algebra.parse`, with `constants` by name, digits as text; in a
    conditional the comparison says which branch, and so which slope, holds at the kink;
    `kinks` states that slope again, as {where: slope}, and the contract tests compare the two.
    `straight_through` is a function whose derivative may stand in for one that is 0 everywhere;
    `groups` names the parameter that says how many neighbours of an axis are reduced to one.
    `special` gives values at particular inputs, `accuracy` the promised error in ULP per dtype.
    """

    name: str
    title: str
    formula: str
    reference: str
    parameters: tuple[Parameter, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    stable: str = ""
    reason: str = ""
    kinks: Mapping[str, str] = field(default_factory=dict)
    special: Mapping[str, str] = field(default_factory=dict)
    noise: Noise | None = None
    straight_through: str = ""
    groups: str = ""
    torch: Elsewhere = Elsewhere()
    jax: Elsewhere = Elsewhere()
    keras: Elsewhere = Elsewhere()
    onnx: Elsewhere = Elsewhere()
    differs: tuple[str, ...] = ()
    accuracy: Mapping[str, float] = field(default_factory=lambda: PROMISE)
    kind: Kind = "elementwise"

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise DefinitionError(f"{self.name!r} is not a name: use letters, digits and underscores")
        if bool(self.stable) != bool(self.reason):
            raise DefinitionError(f"{self.name}: a stable form and its reason come together")
        if len({p.name for p in self.parameters}) < len(self.parameters):
            raise DefinitionError(f"{self.name}: a parameter is declared twice")

    def __hash__(self) -> int:
        return hash((self.name, self.formula, self.stable))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the array arguments in the formula."""
        return ("value", "gate") if self.kind == "gated" else ("x",)

    @property
    def rests(self) -> bool:
        """Whether there is noise that is at rest outside training."""
        return self.noise is not None and bool(self.noise.at_rest)

    @property
    def defaults(self) -> dict[str, float]:
        """Parameter values used when the caller gives none."""
        return {p.name: p.default for p in self.parameters}

    @property
    def draw(self) -> Definition:
        """The function that turns a uniform number into the noise."""
        assert self.noise is not None
        return Definition(
            name=f"{self.name}_{self.noise.name}",
            title=f"Noise of {self.name}",
            formula=self.noise.quantile,
            reference=self.reference,
            parameters=self.parameters,
        )

    def parameter(self, name: str) -> Parameter:
        """The parameter called `name`; ValueError naming the allowed ones otherwise."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        allowed = ", ".join(p.name for p in self.parameters) or "none"
        raise DefinitionError(f"{self.name} has no parameter {name!r}; it has: {allowed}")


#: Definitions by key. A key is plain text, so that a compiler that traces calls takes it for a constant.
REGISTERED: dict[str, Definition] = {}
#: By the key of a random function, the key of what draws its noise.
DRAWS: dict[str, str] = {}


def register(definition: Definition) -> str:
    """The key of `definition`, the same for equal definitions."""
    key = f"{definition.name}#{sha256(repr(definition).encode()).hexdigest()[:16]}"
    REGISTERED[key] = definition
    if definition.noise is not None:
        DRAWS[key] = register(definition.draw)
    return key
