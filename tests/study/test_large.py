"""Large tables take a stated multiple of their memory; columns of every kind a Parquet file may hold."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rheobase.study import Dataset, StudyError, load, run
from rheobase.study.conduct import trained
from rheobase.study.data.columns import MOST_WORDS, width
from rheobase.study.training.cells import Cell
from rheobase.study.training.population import limits
from rheobase.study.training.train import MEMORY, Split, Splits, split
from tests.study.test_study import small

RNG = np.random.default_rng(0)
ROWS, COLUMNS = 200_000, 20
#: Tables in memory at most while a file is read, checked, split, trained on and scored, beside what libraries take. The
#: reader holds Arrow's copy and pandas'; later there are the table and the parts of one seed in single precision.
MOST_TABLES = 4
#: Bytes besides: a few columns of the encoder, blocks of evaluation, what the allocator keeps.
BESIDES = 100 * 2**20

WATCHED = """
import resource, sys
import pyarrow.parquet, sklearn.compose, torch
from rheobase.study import load, make
from rheobase.study.training.train import train
def most():
    # of this program: ru_maxrss would count its parent's memory, whose copy it was for a moment
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
train(load("breast_cancer"), make(size="quick", steps=2), "relu", 1e-3, 0, True)
before = most()
data = load(sys.argv[1])
run = train(data, make(size="quick", steps=20), "relu", 1e-3, 0, True)
print((most() - before) * 1024, run.test)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_a_large_table_takes_a_few_times_its_own_memory(tmp_path: Path) -> None:
    x = RNG.normal(size=(ROWS, COLUMNS))
    table = pd.DataFrame(x, columns=[f"c{i}" for i in range(COLUMNS)])
    table["y"] = np.where(x[:, 0] > 0, "yes", "no")
    table.to_parquet(tmp_path / "t.parquet")
    path = str(tmp_path / "t.parquet")
    told = subprocess.run([sys.executable, "-c", WATCHED, path], capture_output=True, text=True, check=True).stdout
    taken, score = map(float, told.split())
    assert score > 0.5
    assert x.nbytes < taken < MOST_TABLES * x.nbytes + BESIDES


def test_groups_of_seeds_fit_into_memory() -> None:
    data = load("iris")
    huge = pd.DataFrame(np.broadcast_to(np.float32(0), (1_000_000, COLUMNS)), columns=range(COLUMNS))
    table = replace(data, features=huge, target=np.zeros(len(huge), np.int64))
    members, seeds = limits(table, small("tanh"))
    assert seeds == MEMORY // (len(huge) * (COLUMNS + 1) * 4) < 32
    assert members == limits(data, small("tanh"))[0], "learning curves of large tables are drawn from a part"


def every_kind(rows: int = 60) -> pd.DataFrame:
    """Columns as Parquet files have them."""
    days = pd.date_range("2024-01-01", periods=rows, tz="Europe/Berlin")
    return pd.DataFrame({
        "whole": pd.array([None if k % 7 == 0 else k for k in range(rows)], dtype="Int64"),
        "real": pd.array(RNG.normal(size=rows), dtype="Float64"),
        "flag": np.arange(rows) % 3 == 0,
        "unsure": pd.array([None if k % 9 == 0 else k % 2 == 0 for k in range(rows)], dtype="boolean"),
        "exact": [Decimal(k) / 3 for k in range(rows)],
        "time": days,
        "day": [date(2020, 1, 1) + timedelta(k) for k in range(rows)],
        "took": pd.to_timedelta(np.arange(rows), unit="h"),
        "kind": pd.Categorical([("a", "b", None)[k % 3] for k in range(rows)]),
        "word": pd.array([f"w{k % 4}" for k in range(rows)], dtype="string"),
        "y": pd.Categorical(["p", "q"] * (rows // 2)),
    })  # fmt: skip


def test_every_kind_of_column_becomes_numbers_or_words(tmp_path: Path) -> None:
    every_kind().to_parquet(tmp_path / "t.parquet")
    data = load(str(tmp_path / "t.parquet"))
    assert (data.task, data.classes, data.predicts) == ("two classes", ("p", "q"), "y")
    numbers = data.features.select_dtypes(["number", "bool"])
    assert list(numbers) == ["whole", "real", "flag", "exact", "time", "day", "took"]
    assert numbers["day"].diff().dropna().eq(1).all()
    assert numbers["took"].diff().dropna().to_numpy() == pytest.approx(1 / 24)
    assert data.notes == (
        "36 missing values were filled with the column's mean, or its commonest word.",
        "columns of dates became numbers, days since 1970: 'time', 'day'.",
        "text column 'unsure' became 2 0/1 columns; 'kind' became 2 0/1 columns; 'word' became 4 0/1 columns.",
    )
    for x, _ in (split(data, 0).train, split(data, 0).test):
        assert x.shape[1] == width(data.features) == 7 + 8
        assert x.isfinite().all()


def test_dates_in_text_are_told_and_other_texts_stay_words(tmp_path: Path) -> None:
    days = [f"2024-02-{1 + k % 28:02d}" for k in range(60)]
    table = {
        "day": [*days[:-1], ""],
        "late": [f"{d}T12:00:00" for d in days],
        "us": [f"{k % 12}/1/2024" for k in range(60)],
        "broken": [*days[:-1], "2024-02-31"],
        "y": [0, 1] * 30,
    }
    pd.DataFrame(table).to_csv(tmp_path / "t.csv", index=False)
    data = load(str(tmp_path / "t.csv"))
    assert list(data.features.select_dtypes("number")) == ["day", "late"]
    assert data.features["late"][0] - data.features["day"][0] == 0.5
    assert "columns of dates became numbers, days since 1970: 'day', 'late'." in data.notes


def test_rare_words_share_a_column(tmp_path: Path) -> None:
    rows = 3000
    words = [f"w{k if k < MOST_WORDS else MOST_WORDS + k % 200}" for k in RNG.integers(0, 400, rows)]
    pd.DataFrame({"word": words, "y": [0, 1] * (rows // 2)}).to_csv(tmp_path / "t.csv", index=False)
    data = load(str(tmp_path / "t.csv"))
    parts = split(data, 0)
    assert {part[0].shape[1] for part in (parts.train, parts.validation, parts.test)} == {MOST_WORDS}
    rest = len(set(words)) - MOST_WORDS + 1
    assert (
        data.notes[-1] == f"text column 'word' became {MOST_WORDS} 0/1 columns, the last for the {rest} rarest words."
    )


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        (
            {"a": [[1, 2]] * 60, "y": [0, 1] * 30},
            "'a' of 't.parquet' holds list<element: int64>; one value a row",
        ),
        ({"a": range(60), "y": pd.date_range("2024", periods=60)}, "the target 'y' is a date; a number or a class is"),
    ],
)
def test_what_cannot_be_learnt_from_is_one_line(columns: dict[str, object], complaint: str, tmp_path: Path) -> None:
    pd.DataFrame(columns).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(StudyError) as caught:
        load(str(tmp_path / "t.parquet"))
    assert complaint in str(caught.value)


def test_a_damaged_parquet_file_is_one_line(tmp_path: Path) -> None:
    every_kind().to_parquet(tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    for content in (whole[: len(whole) // 2], b"", whole[:100] + b"\xff" * 400 + whole[500:]):
        (tmp_path / "t.parquet").write_bytes(content)
        with pytest.raises(StudyError, match="cannot read") as caught:
            load(str(tmp_path / "t.parquet"))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("together", [True, False])
def test_functions_are_trained_on_the_same_splits(together: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of a million rows takes longer to split than some functions to train."""
    made: list[int] = []

    def counted(data: Dataset, seed: int) -> Split:
        made.append(seed)
        return split(data, seed)

    monkeypatch.setattr("rheobase.study.training.train.split", counted)
    monkeypatch.setattr("rheobase.study.training.population.MOST", 2)
    plan, splits = small("relu", "tanh", steps=3), Splits(load("iris"))
    for name in ("relu", "tanh"):
        trained(splits, plan, {name: together}, tuple(Cell(name, r, s, False) for r in (0.1, 0.01) for s in (5, 6)))
        assert made == [5, 6]
    splits.most = 2
    trained(splits, plan, {"relu": together}, (Cell("relu", 0.1, 5, True), Cell("relu", 0.1, 7, True)))
    assert (made, [*splits.held]) == ([5, 6, 7], [5, 7])


def test_a_study_hands_its_table_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once to the process that measures, and once to those that train: not with every job."""
    handed_over = []

    def counted(self: Dataset, protocol: Any) -> Any:
        handed_over.append(protocol)
        return object.__reduce_ex__(self, protocol)

    monkeypatch.setattr(Dataset, "__reduce_ex__", counted)
    results = run(load("iris"), small("tanh", steps=3), workers=2)
    assert len(results.outcomes) == 2
    assert len(handed_over) == 2
