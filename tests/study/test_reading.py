"""Files that cannot be read: one clear line each. What is done to a table is told."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from rheobase.study import StudyError, load

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


def test_true_and_false_with_gaps_are_words(tmp_path: Path) -> None:
    text = "flag,b,y\n" + "".join(f"{('True', 'False', '')[i % 3]},{i},{'xy'[i % 2]}\n" for i in range(60))
    (tmp_path / "t.csv").write_text(text)
    data = load(str(tmp_path / "t.csv"))
    assert set(data.features["flag"].dropna()) == {"True", "False"}
    assert data.notes == (
        "20 missing values were filled with the column's mean, or its commonest word.",
        "1 text column was turned into a 0/1 column per word.",
    )
    assert load("iris").notes == ()
