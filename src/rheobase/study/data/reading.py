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
PARQUET = ".parquet"
SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", PARQUET)

FILE = f"a file ending in {', '.join(SUFFIXES)}"
COMMA, TAB = ",", "\t"
#: What separates columns, here or elsewhere, and what it is called.
SEPARATORS = {COMMA: "commas", TAB: "tabs", ";": "semicolons", "|": "bars"}
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
        return _columns(path) if path.suffix == PARQUET else _parsed(path, TAB if ".tsv" in path.name else COMMA)
    except StudyError:
        raise
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
    whole = {"header": None, "dtype": str, "keep_default_na": False}
    _check_header(path.name, list(pd.read_csv(path, sep=separator, nrows=1, **whole).iloc[0]), separator)
    pd.read_csv(path, sep=separator, nrows=2, **whole)
    return pd.read_csv(path, sep=separator, low_memory=False)


def _columns(path: Path) -> pd.DataFrame:
    """A Parquet file's columns; an index that pandas wrote is none of them."""
    import pyarrow as pa
    from pyarrow import parquet, types

    found = parquet.read_table(path)
    _check_names(path.name, found.column_names)
    for field in found.schema:
        if types.is_nested(field.type):
            raise StudyError(f"column {field.name!r} of {path.name!r} holds {field.type}; one value a row is needed")
    exact = [f.with_type(pa.float64()) if types.is_decimal(f.type) else f for f in found.schema]
    plain = found.cast(pa.schema(exact))
    del found
    # each column is freed when it has been taken over
    return plain.to_pandas(date_as_object=False, split_blocks=True, self_destruct=True)


def _check_header(file: str, names: list[str], separator: str) -> None:
    other = next((s for s in SEPARATORS if len(names) == 1 and s in names[0]), None)
    if other is not None:
        wanted = SEPARATORS[separator]
        raise StudyError(f"the columns of {file!r} seem to be separated by {other!r}; save it with {wanted}")
    if all(map(_is_number, names)):
        first = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise StudyError(
            f"{file!r} has no header: its first row holds numbers ({first}); put names of the columns there"
        )
    _check_names(file, names)


def _check_names(file: str, names: list[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise StudyError(
            f"cannot read {file!r}: {len(twice)} column name(s) occur more than once, the first is {twice[0]!r}; "
            "rename them"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
