"""Numbers as pages print them."""

from __future__ import annotations

import math
import re

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(value: float | None, digits: int = 4) -> str:
    """A few digits, with a true minus; – for what is not known.

    >>> number(-0.17), number(math.inf), number(None), number(1234567.0)
    ('−0.17', '∞', '–', '1.235·10⁶')
    """
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    return signed(value, digits).removeprefix("+")


def signed(value: float, digits: int = 4) -> str:
    """The same with the sign of a zero: inputs are told apart by it.

    >>> signed(-0.0), signed(0.0), signed(math.inf)
    ('−0', '+0', '+∞')
    """
    if math.isnan(value):
        return "NaN"
    size = "∞" if math.isinf(value) else _powers(f"{abs(value):.{digits}g}")
    return f"{'−' if math.copysign(1.0, value) < 0 else '+'}{size}"


def _powers(text: str) -> str:
    return re.sub(r"e([+-]\d+)", lambda found: "·10" + str(int(found[1])).translate(_RAISED), text)


def symbols(text: str) -> str:
    """Facts as pages print them: ∞ for inf, and a true minus.

    >>> symbols("-inf at -∞, x < -2.5")
    '−∞ at −∞, x < −2.5'
    """
    return re.sub(r"-(?=[\d.∞])", "−", re.sub(r"\binf\b", "∞", _powers(text)))
