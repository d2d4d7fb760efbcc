"""Files that cannot be read: one clear line each. What is done to a table is told."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from rheobase.study import StudyError, load
from rheobase.study.training.train import split

ROWS = "".join(f"{i},{i % 7},{'xy'[i % 2]}\n" for i in range(40))
GOOD = "a,b,y\n" + ROWS


def cut(text: str) -> bytes:
    packed = gzip.compress("".join(f"{text}{i}" for i in range(2000)).encode())
    return packed[: len(packed) // 2]


BAD = {
    "cut.csv.gz": (cut(GOOD), "the compressed file is cut short or damaged"),
    "damaged.csv.gz": (gzip.compress(GOOD.encode())[:20] + b"\xff" * 40, "the compressed file is cut short or damaged"),
    "plain.csv.gz": (GOOD.encode(), "Not a gzipped file"),
    "twins.csv": (("a,a,y\n" + ROWS).encode(), "1 column name(s) occur more than once, the first is 'a'"),
    "latin.csv": (("ä,b,y\n" + ROWS).encode("latin-1"), "it is not UTF-8 text; save it in that encoding"),
    "header.csv": (b"a,b,y\n", "has 0 row(s); a study needs at least 20"),
    "only.csv": (("y\n" + "1\n2\n" * 20).encode(), "at least one column besides the target is needed"),
    "ragged.csv": (("a,y\n" + ROWS).encode(), "Expected 2 fields in line 2, saw 3"),
    "uneven.csv": ((GOOD + "1,2,x,4\n").encode(), "Expected 3 fields in line 42, saw 4"),
    "counts.csv": (
        ("a,y\n" + "".join(f"{i},{i // 2}\n" for i in range(60))).encode(),
        "class '0' of 'y' has 2 row(s); every class needs at least 5, so merge rare classes or remove their rows "
        "(its 30 distinct whole numbers are taken as classes; numbers with fractions, or more than 50 distinct ones",
    ),
    "semi.csv": (
        GOOD.replace(",", ";").encode(),
        "columns of 'semi.csv' seem to be separated by ';'; save it with commas",
    ),
    "decimal.csv": (("a;b;y\n" + "1,5;2;x\n" * 30).encode(), "seem to be separated by ';'; save it with commas"),
    "tabs.csv": (GOOD.replace(",", "\t").encode(), "seem to be separated by '\\t'; save it with commas"),
    "bars.csv": (GOOD.replace(",", "|").encode(), "seem to be separated by '|'; save it with commas"),
    "commas.tsv": (GOOD.encode(), "the columns of 'commas.tsv' seem to be separated by ','; save it with tabs"),
    "bare.csv": (b"1,2.5,-3e4,0\n" * 40, "'bare.csv' has no header: its first row holds numbers (1, 2.5, -3e4, …)"),
    "ids.csv": (
        ("id,y\n" + "".join(f"n{i},{'xy'[i % 2]}\n" for i in range(40))).encode(),
        "ids has only text that differs from row to row; 'id' cannot be learnt from",
    ),
    "words.csv": ((GOOD + "1,2,z\n").encode(), "class 'z' of 'y' has 1 row(s); every class needs at least 5"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_clear_line(name: str, tmp_path: Path) -> None:
    content, complaint = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError) as caught:
        load(str(tmp_path / name))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(StudyError, match=r"x\.csv' is a folder; a file ending in \.csv"):
        load(str(tmp_path / "x.csv"))


def table(tmp_path: Path, **columns: object) -> str:
    pd.DataFrame(columns).to_csv(tmp_path / "t.csv", index=False)
    return str(tmp_path / "t.csv")


RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(size=60), ["x", "y"] * 30


@pytest.mark.parametrize(
    ("values", "found", "size"),
    [
        (np.r_[X[:-1], 1e300], "1e+300", "large"),
        (np.r_[X[:-1], -1e30], "-1e+30", "large"),
        (np.r_[np.zeros(59), 1e19], "1e+19", "large"),
        (X * 1e300, f"{1e300 * X[np.abs(X - np.median(X)).argmax()]:g}", "large"),
        (X * 1e200, f"{1e200 * X[np.abs(X - np.median(X)).argmax()]:g}", "large"),
        (X * 1e-300, f"{1e-300 * X[np.abs(X - np.median(X)).argmax()]:g}", "small"),
    ],
)
@pytest.mark.parametrize("target", [False, True])
def test_what_cannot_be_standardised_is_refused(
    values: NDArray[np.float64], found: str, size: str, target: bool, tmp_path: Path
) -> None:
    other = RNG.normal(size=60)
    columns = {"c0": other, "c1": values} if target else {"c1": values, "y": LABELS}
    if target and np.all(np.mod(values, 1) == 0):
        columns["c1"] = values + 0.5 * (np.arange(60) == 3)
    with pytest.raises(StudyError) as caught:
        load(table(tmp_path, **columns))
    assert str(caught.value) == f"column 'c1' holds {found}: too {size} to standardise; rescale or remove it"


def test_a_large_constant_column_is_refused(tmp_path: Path) -> None:
    """Its mean is off by rounding, by more than single precision holds."""
    with pytest.raises(StudyError, match=r"column 'c1' holds 1e\+60: too large"):
        load(table(tmp_path, c0=X, c1=np.full(60, 1e60), y=LABELS))


def test_wide_and_constant_columns_are_taken_and_stay_finite(tmp_path: Path) -> None:
    wide = {"a": X * 1e100, "b": X * 1e-90, "c": np.r_[X[:-1], 1e15], "d": np.full(60, 1e17), "e": 1e15 + X}
    data = load(table(tmp_path, **wide, y=X * 1e120))
    for seed in range(20):
        parts = split(data, seed)
        for x, y in (parts.train, parts.validation, parts.test):
            assert x.square().isfinite().all()
            assert y.square().isfinite().all()


def test_text_columns_are_told_one_by_one(tmp_path: Path) -> None:
    words = {
        "id": [f"n{i}" for i in range(60)],
        "place": [f"p{i % 30}" for i in range(60)],
        "colour": [("red", "green", "blue")[i % 3] for i in range(60)],
        "share": [f"{i % 20},5 %" for i in range(60)],
    }
    data = load(table(tmp_path, x=X, **words, y=LABELS))
    assert list(data.features) == ["x", "place", "colour", "share"]
    assert data.notes == (
        "text column 'id' was left out: 60 of its 60 rows are distinct.",
        "text column 'place' became 30 0/1 columns; 'colour' became 3 0/1 columns; 'share' became 20 0/1 columns.",
        "most values of 'share' look like numbers; without ',' and '%' they would be taken as such.",
    )
    assert 1 + 3 < split(data, 0).train[0].shape[1] <= 1 + 30 + 3 + 20
    assert data.aim == "predicting 'y' from 4 columns"


def test_repeated_rows_and_a_fractional_target_are_told(tmp_path: Path) -> None:
    halves = load(table(tmp_path, x=np.r_[X[:-2], X[:2]], y=[0.5, 1.0] * 30))
    assert halves.task == "regression"
    assert [note.split(";")[0].split(":")[0] for note in halves.notes] == [
        "The target 'y' holds numbers with fractions and is taken as a quantity",
        "2 rows repeat an earlier one",
    ]
    once = load(table(tmp_path, x=np.r_[X[:-1], X[1]], y=X[[*range(59), 1]]))
    assert [note.split(":")[0] for note in once.notes] == ["1 row repeats an earlier one"]


def test_a_wrong_target_of_a_wide_table_names_few(tmp_path: Path) -> None:
    wide = table(tmp_path, **{f"column {i}": X for i in range(300)}, y=LABELS)
    with pytest.raises(StudyError, match="has no column 'colum 7'; did you mean 'column 7' or 'column 97'"):
        load(wide, "colum 7")
    with pytest.raises(StudyError) as caught:
        load(wide, "price")
    names = ", ".join(f"'column {i}'" for i in range(10))
    assert str(caught.value).endswith(f"has no column 'price'; the first 10 of its 301 columns are {names}")


def test_true_and_false_with_gaps_are_words(tmp_path: Path) -> None:
    text = "flag,b,y\n" + "".join(f"{('True', 'False', '')[i % 3]},{i},{'xy'[i % 2]}\n" for i in range(60))
    (tmp_path / "t.csv").write_text(text)
    data = load(str(tmp_path / "t.csv"))
    assert set(data.features["flag"].dropna()) == {"True", "False"}
    assert data.notes == (
        "20 missing values were filled with the column's mean, or its commonest word.",
        "text column 'flag' became 2 0/1 columns.",
    )
    assert load("wine").notes == ()
