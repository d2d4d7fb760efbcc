"""Draw docs/textbook.png, the README's picture: the textbook functions with their saturated and dead zones.

Run:  python scripts/readme_picture.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

import rheobase as rb
from rheobase.catalogue import TEXTBOOK
from rheobase.plot import curves, draw

TARGET = Path(__file__).parents[1] / "docs" / "textbook.png"


def main() -> None:
    """Draw f and f' of the elementwise textbook functions, four to a row."""
    names = [name for name in TEXTBOOK if rb.get(name).definition.kind == "elementwise"]
    figure = Figure(figsize=(13, 5.8), layout="constrained")
    marks: dict[str, Any] = {}
    for axes, name in zip(figure.subplots(2, 4).ravel(), names, strict=True):
        draw(curves(rb.get(name), reach=5.0), axes)
        axes.set(xlabel="", ylim=(-1.6, 3.2))
        handles, labels = axes.get_legend_handles_labels()
        marks |= dict(zip(labels, handles, strict=True))
        axes.get_legend().remove()
    order = sorted(marks, key=len)
    figure.legend([marks[m] for m in order], order, loc="outside lower center", ncols=4, frameon=False)
    figure.savefig(TARGET, dpi=110)


if __name__ == "__main__":
    main()
