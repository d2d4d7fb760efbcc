"""A user's file → a table; whatever is wrong with the file is one clear line."""

from __future__ import annotations

import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rheobase.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

BUILT_IN = ("digits", "breast_cancer", "wine", "iris", "diabetes")
SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")

FILE = f"a file ending in {', '.join(SUFFIXES)}"
#: All that can be studied, in words.
SOURCES = f"{', '.join(BUILT_IN)}, or {FILE}"


def read(source: str) -> pd.DataFrame:
    """The table in the file `source`: named columns, a row per example."""
    path = Path(source)
    if not path.name.endswith(SUFFIXES):
        raise StudyError(f"{source!r} is neither a built-in set nor a table; name one of {SOURCES}")
    if path.is_dir():
        raise StudyError(f"{source!r} is a folder; {FILE} is needed")
    if not path.is_file():
        raise StudyError(f"there is no file {source!r}")
    try:
        return _parsed(path, "\t" if ".tsv" in path.name else ",")
    except UnicodeDecodeError:
        raise StudyError(f"cannot read {source!r}: it is not UTF-8 text; save it in that encoding") from None
    except (EOFError, zlib.error):
        raise StudyError(f"cannot read {source!r}: the compressed file is cut short or damaged") from None
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise StudyError(f"cannot read {source!r}: {reason}") from None


def _parsed(path: Path, separator: str) -> pd.DataFrame:
    # only here: the command line's help asks this module for words, and must not wait for pandas
    import pandas as pd

    # read apart: the reader gives columns of the same name new names, and takes a field too many for an index,
    # both without a word
    start = pd.read_csv(path, sep=separator, header=None, nrows=2, dtype=str, keep_default_na=False)
    twice = [name for name, count in Counter(start.iloc[0]).items() if count > 1]
    if twice:
        raise ValueError(f"{len(twice)} column name(s) occur more than once, the first is {twice[0]!r}; rename them")
    return pd.read_csv(path, sep=separator, low_memory=False)
