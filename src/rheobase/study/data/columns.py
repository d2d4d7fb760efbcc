"""What becomes of a table's columns: numbers, dates as numbers, words; and what their owner is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from rheobase.errors import StudyError

#: 0/1 columns that a column of words becomes, at most; beyond, its rarest words share one.
MOST_WORDS = 100
#: How a date begins in text (ISO 8601): 2024-02-29. Other ways of writing them are ambiguous, and stay words.
_DATE = r"\d{4}-\d{2}-\d{2}([T ].*)?"
_DAY = pd.Timedelta(days=1)


def numeric(features: pd.DataFrame) -> list[Any]:
    """The columns that are numbers; the others are words."""
    return list(features.select_dtypes(["number", "bool"]).columns)


def width(features: pd.DataFrame) -> int:
    """Features the network sees at most: a number each, and one per word of a column of words."""
    numbers = numeric(features)
    words = [c for c in features.columns if c not in numbers]
    return len(numbers) + sum(min(int(features[c].nunique()), MOST_WORDS) for c in words)


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with nullable numbers as NumPy has them; a missing one is NaN."""
    nullable = [c for c in table.columns if pd.api.types.is_extension_array_dtype(table[c])]
    numbers = [c for c in nullable if pd.api.types.is_numeric_dtype(table[c])]
    return table.assign(**{c: table[c].to_numpy(np.float64, na_value=np.nan) for c in numbers}) if numbers else table


def usable(name: str, features: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The columns that can be learnt from, as numbers or words, and what was done to them.

    Raises StudyError if there are none.
    """
    filled = features.loc[:, features.notna().any()]
    dated = _with_dates_as_days(filled)
    dates = [str(c) for c in filled.columns if c in numeric(dated) and c not in numeric(filled)]
    free = [c for c in dated.columns if c not in numeric(dated) and _is_free_text(dated[c])]
    used = dated.drop(columns=free)
    if used.empty:
        raise StudyError(f"{name} has only text that differs from row to row; {quoted(free)} cannot be learnt from")
    notes = (*_notes(features, filled, used), *_date_note(dates), *_word_notes(dated, free))
    return _with_words_as_text(used), notes


def _with_dates_as_days(features: pd.DataFrame) -> pd.DataFrame:
    """Dates, as a dtype or as text, are days since 1970: a number that can be learnt from."""
    return features.assign(**{c: days for c in features.columns if (days := _days(features[c])) is not None})


def _days(column: pd.Series[Any]) -> pd.Series[Any] | None:
    if pd.api.types.is_timedelta64_dtype(column):
        return column / _DAY
    if pd.api.types.is_datetime64_any_dtype(column):
        return (pd.to_datetime(column, utc=True) - pd.Timestamp(0, tz="UTC")) / _DAY
    if pd.api.types.is_numeric_dtype(column) or isinstance(column.dtype, pd.CategoricalDtype):
        return None
    words = column.dropna().map(str)
    if not words.str.fullmatch(_DATE).all():
        return None
    found = pd.to_datetime(words, format="ISO8601", errors="coerce", utc=True)
    return None if found.isna().any() else _days(found.reindex(column.index))


def _with_words_as_text(features: pd.DataFrame) -> pd.DataFrame:
    numbers = numeric(features)
    # True, False and a gap make a column of mixed kinds, which no encoder sorts; a category is kept as a number
    words = {c: features[c].map(str, na_action="ignore") for c in features.columns if c not in numbers}
    return features.assign(**words)


def _notes(features: pd.DataFrame, filled: pd.DataFrame, used: pd.DataFrame) -> tuple[str, ...]:
    empty = [str(c) for c in features.columns if c not in filled.columns]
    missing = int(used.isna().sum().sum())
    notes = [
        (len(empty), f"{_counted(len(empty), 'empty column')} left out: {', '.join(empty)}."),
        (missing, f"{_counted(missing, 'missing value')} filled with the column's mean, or its commonest word."),
    ]
    return tuple(text for count, text in notes if count)


def _counted(count: int, noun: str) -> str:
    return f"1 {noun} was" if count == 1 else f"{count} {noun}s were"


def _date_note(dates: Sequence[str]) -> tuple[str, ...]:
    if not dates:
        return ()
    became = "columns of dates became numbers" if len(dates) > 1 else "a column of dates became a number"
    return (f"{became}, days since 1970: {quoted(dates)}.",)


def _is_free_text(column: pd.Series[Any]) -> bool:
    """Ids, names, prose: more than half of the rows have a word of their own, so none is met often enough."""
    return int(column.nunique()) > len(column) / 2


def _word_notes(filled: pd.DataFrame, free: Sequence[Any]) -> list[str]:
    """What became of the text columns."""
    words = [c for c in filled.columns if c not in numeric(filled)]
    left_out = [
        f"text column {str(c)!r} was left out: {filled[c].nunique()} of its {len(filled)} rows are distinct."
        for c in free
    ]
    became = [_became(filled[c]) for c in words if c not in free]
    digits = [str(c) for c in words if _are_numbers(filled[c])]
    return [
        *left_out,
        *([f"text column {'; '.join(became)}."] if became else []),
        *([f"most values of {quoted(digits)} look like numbers; without ',' and '%' they would be taken as such."]
          if digits else []),
    ]  # fmt: skip


def _became(column: pd.Series[Any]) -> str:
    count = int(column.nunique())
    columns = f"{str(column.name)!r} became {min(count, MOST_WORDS)} 0/1 column{'s' if count > 1 else ''}"
    return columns + (f", the last for the {count - MOST_WORDS + 1} rarest words" if count > MOST_WORDS else "")


def _are_numbers(column: pd.Series[Any]) -> bool:
    text = column.dropna().map(str).str.replace(r"[,%\s]", "", regex=True)
    return bool(pd.to_numeric(text, errors="coerce").notna().mean() > 0.5)


def quoted(names: Sequence[str], between: str = ", ") -> str:
    """The names, each in quotes."""
    return between.join(map(repr, names))
