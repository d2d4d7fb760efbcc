"""The files that a study leaves in its folder."""

from __future__ import annotations

#: In the order in which they are written: where the last is new, all are.
FILES = PLAN, ROWS, FUNCTIONS, REPORT, RECORD = (
    "plan.json",
    "results.csv",
    "functions.csv",
    "report.html",
    "results.json",
)
