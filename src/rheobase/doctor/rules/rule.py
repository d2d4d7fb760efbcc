"""A rule: what it looks for, how it says so, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from rheobase.doctor.records import Case, Finding, Remedy, Severity


@dataclass(frozen=True, slots=True)
class Sign:
    """One place where a rule applies. `facts` are words for the explanation that are no numbers."""

    severity: Severity
    site: str
    evidence: Mapping[str, float] = field(default_factory=dict)
    units: list[int] | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    explanation: str = ""
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """`find` yields the signs; the explanation is filled with their evidence and facts.

    causes: rules whose findings may follow from this one's: it then comes before them.
    """

    name: str
    find: Callable[[Case], Iterable[Sign]]
    explanation: str
    fine_if: str
    source: str
    remedies: tuple[Remedy, ...]
    causes: tuple[str, ...] = ()

    def findings(self, case: Case) -> list[Finding]:
        """What the rule finds, the worst place first as `find` yields them."""
        return [self._finding(sign) for sign in self.find(case)]

    def _finding(self, sign: Sign) -> Finding:
        text = sign.explanation or self.explanation
        return Finding(
            rule=self.name,
            severity=sign.severity,
            site=sign.site,
            units=sign.units,
            evidence=dict(sign.evidence),
            explanation=text.format(site=sign.site, **sign.facts, **sign.evidence),
            remedies=list(sign.remedies or self.remedies),
            fine_if=self.fine_if,
            source=self.source,
        )
