"""What a study is scored by: the metrics of each task, which one suits the data, and what guessing scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rheobase.errors import StudyError

Task = Literal["classes", "two classes", "regression"]
Numbers = NDArray[Any]

#: With more rows of the commonest class per row of the rarest, classes are imbalanced: of two such classes, one answer
#: for all rows is right in 80 % and more, and what tells functions apart is lost in the rest of accuracy.
IMBALANCED = 4


@dataclass(frozen=True, slots=True)
class Metric:
    """A number for what a network puts out on rows; `of(output, truth)`, output of shape (rows, outputs).

    meaning, guess: in words, what it is, and what guessing is. chance: what guessing scores. worst: what a diverged run
    scores; no run scores less. counts_rows: whether a score is a share of rows, so that one row is worth 1/rows.
    """

    name: str
    tasks: tuple[Task, ...]
    meaning: str
    guess: str
    of: Callable[[Numbers, Numbers], float]
    chance: Callable[[Numbers], float]
    worst: Callable[[Numbers], float] = lambda truth: 0.0
    counts_rows: bool = False
    higher_is_better: bool = True

    @property
    def option(self) -> str:
        """How it is asked for."""
        return self.name.lower().replace(" ", "-").replace("²", "2")


def _answers(output: Numbers) -> Numbers:
    return output.argmax(1) if output.shape[1] > 1 else (output[:, 0] > 0).astype(np.int64)


def _of(name: str, truth: Numbers, found: Numbers, **options: Any) -> float:
    # only here: the command line's help asks this module for words, and must not wait for scikit-learn
    from sklearn import metrics

    return float(getattr(metrics, name)(truth, found, **options))


def _accuracy(output: Numbers, truth: Numbers) -> float:
    return _of("accuracy_score", truth, _answers(output))


def _balanced_accuracy(output: Numbers, truth: Numbers) -> float:
    # its namesake in scikit-learn warns where a class that no row has is answered
    present = np.unique(truth)
    return _of("recall_score", truth, _answers(output), labels=present, average="macro", zero_division=0)


def _average_precision(output: Numbers, truth: Numbers) -> float:
    return _of("average_precision_score", truth, output[:, 0])


def _roc_auc(output: Numbers, truth: Numbers) -> float:
    return _of("roc_auc_score", truth, output[:, 0])


def _r2(output: Numbers, truth: Numbers) -> float:
    return _of("r2_score", truth, output[:, 0])


def _rmse(output: Numbers, truth: Numbers) -> float:
    return _of("root_mean_squared_error", truth, output[:, 0])


def _commonest(truth: Numbers) -> float:
    return float(np.unique(truth, return_counts=True)[1].max() / len(truth))


_OF_CLASSES: tuple[Task, ...] = ("classes", "two classes")

ACCURACY = Metric(
    "accuracy",
    _OF_CLASSES,
    "share of test rows that were right, in percent",
    "always answering the commonest class",
    _accuracy,
    _commonest,
    counts_rows=True,
)
BALANCED = Metric(
    "balanced accuracy",
    _OF_CLASSES,
    "share of a class's test rows that were right, mean over the classes, in percent",
    "always answering the same class",
    _balanced_accuracy,
    lambda truth: 1 / len(np.unique(truth)),
    counts_rows=True,
)
#: Of the rarer class, which has the number 1 in what is scored.
AVERAGE_PRECISION = Metric(
    "average precision",
    ("two classes",),
    "how purely test rows of the rarer class come first where the network ranks them; 1 is perfect",
    "ranking rows at random",
    _average_precision,
    lambda truth: float(truth.mean()),
)
ROC_AUC = Metric(
    "ROC AUC",
    ("two classes",),
    "how often a test row of one class is ranked above a row of the other; 1 is perfect",
    "ranking rows at random",
    _roc_auc,
    lambda truth: 0.5,
)
R2 = Metric(
    "R²",
    ("regression",),
    "share of the target's variance explained",
    "always answering the mean",
    _r2,
    lambda truth: 0.0,
    lambda truth: -1.0,
)

#: Those that a study can be scored by; higher is better in all.
METRICS = (ACCURACY, BALANCED, AVERAGE_PRECISION, ROC_AUC, R2)

#: In the target's own units, beside R². That of a diverged run is what R² = -1 means.
RMSE = Metric(
    "RMSE",
    ("regression",),
    "root of the mean squared error, in the target's own units",
    "always answering the mean",
    _rmse,
    lambda truth: float(truth.std()),
    lambda truth: float(2**0.5 * truth.std()),
    higher_is_better=False,
)


def of_output(metric: Metric, output: Numbers, truth: Numbers) -> float:
    """The score, which is never below the worst there is."""
    found, worst = metric.of(output, truth), metric.worst(truth)
    return max(found, worst) if metric.higher_is_better else min(found, worst)


def suited(task: Task, target: Numbers) -> Metric:
    """The metric that suits the data.

    Of classes that are imbalanced, accuracy says little. Of two, the average precision for the rarer one is taken: it
    asks how well rows are ranked, and needs no threshold, which nobody has set for such classes. Of more, the mean of
    the classes' own accuracies.
    """
    if task == "regression":
        return R2
    counts = np.bincount(target)
    if counts.max() <= IMBALANCED * counts.min():
        return ACCURACY
    return AVERAGE_PRECISION if task == "two classes" else BALANCED


def beside(metric: Metric) -> Metric | None:
    """What is shown beside it: accuracy beside what is less known, RMSE beside R²."""
    return {R2: RMSE, ACCURACY: None}.get(metric, ACCURACY)


def asked(option: str, task: Task) -> Metric:
    """The metric called `option` on the command line.

    Raises StudyError if it is none, or is not for the task.
    """
    allowed = [metric for metric in METRICS if task in metric.tasks]
    for metric in allowed:
        if option in (metric.option, metric.name):
            return metric
    what = "a quantity" if task == "regression" else "two classes" if task == "two classes" else "many classes"
    names = ", ".join(metric.option for metric in allowed)
    raise StudyError(f"--metric {option!r} is nothing that {what} can be scored by; take {names}")
