"""How often other tools' rules and our doctor are right about the same trainings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from course import recorded
from rich.console import Console
from rich.table import Table
from rivals import MEANS, alarms
from scenario import HALVES, TWIN, Scenario

OURS = "this library"


@dataclass(frozen=True)
class Heard:
    """What one tool said of one training. right: an alarm means the fault that was put there."""

    scenario: str
    family: str
    half: str
    sick: bool
    seed: int
    tool: str
    alarms: str
    right: bool


@dataclass(frozen=True)
class Verdict:
    """Shares of the trainings of one half: sick ones with any alarm, with the right one; healthy ones with any."""

    tool: str
    half: str
    sick: int
    alarmed: float
    right: float
    healthy: int
    false_alarms: float
    twins: int
    twins_alarmed: float


def heard(scenario: Scenario, seed: int, faulty: bool) -> list[Heard]:
    """Train it under the recorder, and ask the rivals."""
    sick = scenario.sick and faulty
    return [
        Heard(
            scenario.called(faulty), scenario.family if faulty else "healthy", scenario.half, sick, seed, tool,
            " ".join(map(str, said)), sick and any(MEANS[a.fault] & scenario.rules for a in said),
        )
        for tool, said in alarms(recorded(scenario.make(seed, faulty), seed)).items()
    ]  # fmt: skip


def of_doctor(row: Mapping[str, str]) -> Heard:
    """What trainings.csv holds of one training."""
    same = {key: row[key] for key in ("scenario", "family", "half", "alarms")}
    right = row["sick"] == row["detected"] == "True"
    return Heard(**same, sick=row["sick"] == "True", seed=int(row["seed"]), tool=OURS, right=right)


def verdicts(said: Sequence[Heard], proven: Collection[str]) -> list[Verdict]:
    """By tool and half; a fault whose harm is not proven is left out."""
    groups = [(tool, half) for tool in dict.fromkeys(h.tool for h in said) for half in HALVES]
    return [_verdict(*group, [h for h in said if (h.tool, h.half) == group], proven) for group in groups]


def _verdict(tool: str, half: str, said: Sequence[Heard], proven: Collection[str]) -> Verdict:
    ill = [h for h in said if h.sick and h.scenario in proven]
    twins = [h for h in said if h.scenario.startswith(TWIN)]
    well = [h for h in said if not h.sick and not h.scenario.startswith(TWIN)]
    alarmed, false, of_twins = (share([bool(h.alarms) for h in group]) for group in (ill, well, twins))
    return Verdict(tool, half, len(ill), alarmed, share([h.right for h in ill]), len(well), false, len(twins), of_twins)


def share(true: Sequence[bool]) -> float:
    return sum(true) / len(true) if true else float("nan")


def show(found: Sequence[Verdict], console: Console) -> None:
    table = Table("tool", "half", "alarm", "right", "false", "twins", box=None, header_style="bold")
    for v in found:
        table.add_row(v.tool, v.half, *(f"{x:.0%}" for x in (v.alarmed, v.right, v.false_alarms, v.twins_alarmed)))
    console.print(table)
