"""The folder of results is tried before the work, and left as it was when nothing comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rheobase.errors import UnwritableFolder
from rheobase.folder import prepared, put

FILES = ("results.csv", "report.html")


def test_it_is_made_and_kept_when_something_is_written(tmp_path: Path) -> None:
    with prepared(tmp_path / "a" / "b", FILES):
        put(tmp_path / "a" / "b" / "results.csv", "{}")
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == ["results.csv"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_was_made_goes_when_nothing_is_written(error: type[BaseException], tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    for out in (tmp_path / "a" / "b", tmp_path / "old"):
        with pytest.raises(error), prepared(out, FILES):
            raise error
    assert [p.name for p in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(
    ("out", "complaint"),
    [
        ("file", "is a file; --out needs a folder"),
        ("file/sub", "not a directory; --out needs a folder that can be made and written to"),
        ("/proc/rheobase/out", "no such file or directory; --out needs"),
        ("n" * 300, "file name too long; --out needs"),
        ("taken", "a folder has that name; choose another --out"),
    ],
)
def test_a_folder_that_cannot_be_written_is_one_line_before_the_work(out: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "taken" / FILES[0]).mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UnwritableFolder, match=complaint) as caught, prepared(tmp_path / out, FILES):
        pytest.fail("the work began")
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(UnwritableFolder, match="cannot write"):
        put(tmp_path / "report.html", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
