"""From measurements to findings: few, and the cause before what follows from it."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import replace

from rheobase.doctor.records import SEVERITIES, Case, Finding
from rheobase.doctor.rules import attention, beginning, data, flow, pairs, structure, units
from rheobase.doctor.rules.rule import Rule
from rheobase.errors import UnsupportedInput

#: Causes come before consequences: of two findings equally severe, the one of the earlier rule is listed first.
RULES: tuple[Rule, ...] = (
    *pairs.RULES,
    *data.RULES,
    *structure.RULES,
    *beginning.RULES,
    *flow.CAUSES,
    *attention.RULES,
    *units.RULES,
    *flow.CONSEQUENCES,
    *units.CONSEQUENCES,
)
NAMES = tuple(rule.name for rule in RULES)


def diagnose(case: Case, suppress: Collection[str] = ()) -> list[Finding]:
    """All findings, the worst first; rules named in `suppress` are left out.

    Raises UnsupportedInput if `suppress` names no rule.
    """
    for name in suppress:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else f"the rules are {', '.join(NAMES)}"
            raise UnsupportedInput(f"no rule is called {name!r}; {hint}")
    found = {rule.name: rule.findings(case) for rule in RULES if rule.name not in suppress}
    for rule in reversed(RULES):
        found[rule.name] = [_as_severe(f, rule, found) for f in found.get(rule.name, [])]
    return sorted((f for each in found.values() for f in each), key=_place)


def _as_severe(finding: Finding, rule: Rule, found: dict[str, list[Finding]]) -> Finding:
    """A cause is as severe as the worst of its consequences."""
    if finding.severity == "info":
        return finding
    worst = min((f.severity for name in rule.causes for f in found.get(name, [])), key=SEVERITIES.index,
                default=finding.severity)  # fmt: skip
    return replace(finding, severity=min(finding.severity, worst, key=SEVERITIES.index))


def _place(finding: Finding) -> tuple[int, int]:
    return SEVERITIES.index(finding.severity), NAMES.index(finding.rule)
