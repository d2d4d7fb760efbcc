"""One more machine, or core, for a study that a database holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import optuna

from rheobase.errors import StudyError
from rheobase.study.conduct import Progress, measured, table, trained
from rheobase.study.data.tables import load
from rheobase.study.ledger.ledger import storage
from rheobase.study.ledger.shared import ORDER, Shared, rest, shown
from rheobase.study.ledger.terms import terms
from rheobase.study.order import as_plan
from rheobase.study.training.cells import Job
from rheobase.study.training.own import is_own, own
from rheobase.study.training.train import Run


def serve(url: str, source: str | None = None, progress: Progress = lambda done, total: None) -> list[str]:
    """Work for every study in the database at `url` until all are complete; returns their names.

    `source` is where the data lies on this machine, if elsewhere than on that which began the study. Raises StudyError
    if no study waits there, or the data is not the same.
    """
    found = orders(url)
    if not found:
        raise StudyError(f"no study is kept at {shown(url)}; begin one with rheobase study DATA --storage URL")
    for name, told in found.items():
        _serve(url, name, told, source, progress)
    return list(found)


def _serve(url: str, name: str, told: Mapping[str, Any], source: str | None, progress: Progress) -> None:
    plan = as_plan(told["plan"])
    place = source or told["source"]
    data = own(place, None) if is_own(place) else load(place, told["target"], plan.metric)
    with closing(Shared(url, name, terms(data, plan))) as shared:
        attend(shared, partial(trained, table(data), plan, measured(data, plan, shared)["together"]), progress)


def attend(shared: Shared, train: Callable[[Job], Sequence[Run]], progress: Progress) -> None:
    """Take jobs, and do them with `train`, until the study is complete."""
    idle = 0
    while not (state := shared.state).complete:
        progress(state.done, state.in_all)
        if shared.work(train):
            idle = 0
        else:
            rest(idle)
            idle += 1


def orders(url: str) -> dict[str, dict[str, Any]]:
    """What workers must know of each study in a database, by its name; those being begun are not told of yet."""
    database = storage(url)
    found = optuna.get_all_study_summaries(database, include_best_trial=False)
    database.engine.dispose()
    return {study.study_name: study.user_attrs[ORDER] for study in found if ORDER in study.user_attrs}
