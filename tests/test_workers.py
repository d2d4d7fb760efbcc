"""What all calls of a crew have in common is handed over once, and lies in memory that its processes share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rheobase.workers import crew, packed, unpacked

ROWS, COLUMNS, WORKERS = 500_000, 20, 2


class Common:
    """Counts how often it is handed over."""

    handed_over = 0

    def __reduce__(self) -> tuple[type, tuple[()]]:
        Common.handed_over += 1
        return Common, ()


def kind(common: Any, number: int) -> tuple[str, int]:
    return type(common).__name__, number


def test_every_call_begins_with_what_is_handed_over_once() -> None:
    Common.handed_over = 0
    with crew(WORKERS, Common()) as each:
        found = sorted(each(kind, [(k,) for k in range(10)]))
    assert found == [("Common", k) for k in range(10)]
    assert Common.handed_over == 1
    with crew(0, Common()) as each:
        assert list(each(kind, [(7,)])) == [("Common", 7)]
    assert Common.handed_over == 1


def own_memory(table: pd.DataFrame) -> tuple[float, int]:
    """The sum of a table, for which all of it is read; bytes that only this process has."""
    total = float(table.to_numpy().sum())
    lines = Path("/proc/self/status").read_text().splitlines()
    return total, next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_table_is_in_memory_once_for_all_workers() -> None:
    small, large = (pd.DataFrame(np.ones((rows, COLUMNS))) for rows in (10, ROWS))
    taken = []
    for table in (small, large):
        with crew(WORKERS, table) as each:
            found = list(each(own_memory, [()] * 2 * WORKERS))
        assert {total for total, _ in found} == {float(table.size)}
        taken.append(max(memory for _, memory in found))
    assert taken[1] - taken[0] < large.to_numpy().nbytes / 4


def test_what_is_unpacked_is_what_was_packed_and_cannot_be_written_to() -> None:
    table = pd.DataFrame({
        "real": np.linspace(0, 1, 7), "whole": np.arange(7), "word": np.array([*"abcabca"], dtype=object),
        "text": pd.array([*"abcabca"], dtype="string"), "kind": pd.Categorical([*"abcabca"]),
    })  # fmt: skip
    found, numbers = unpacked(packed((table, np.arange(3))))
    pd.testing.assert_frame_equal(found, table)
    for array in (numbers, found["real"].to_numpy(), found["whole"].to_numpy()):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0
    assert unpacked(packed(())) == ()
