"""Two published findings, done again on a small table: how fast ELU learns, and what weights SELU must be given.

Clevert, Unterthiner & Hochreiter 2015, Fast and Accurate Deep Network Learning by Exponential Linear Units, compare
ReLU, leaky ReLU of slope 0.1 and ELU in eight layers of 128 units, with weights drawn as for ReLU (He et al. 2015), SGD
at the rate 0.01 and batches of 64: the training loss of ELU falls fastest. Klambauer et al. 2017 derive SELU for
weights of the variance 1/fan-in; He's are twice that.
"""

from __future__ import annotations

import math
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from carried_out import each
from simulated import Row
from torch import nn

import rheobase as rb
import rheobase.torch as rt
from rheobase.study import Dataset, Plan, load
from rheobase.study.decision.statistics import estimate
from rheobase.study.plan import RATES, SIZES
from rheobase.study.training.train import Member, loss_of, network, scores, split, steps

TABLE = Path("benchmarks/study/data/optdigits.tsv.gz")
SEEDS = range(SIZES["standard"].seeds)

LEAKY = "leaky_relu_tenth"
FAST = ("relu", LEAKY, "elu")
EIGHT = Plan(FAST, optimizer="sgd", hidden=(128,) * 8)
RATE = 0.01
#: Epochs after which the training loss is taken.
MOMENTS = (1, 5, 20)

PAIR = ("selu", "relu")
DEEP = Plan(PAIR, optimizer="sgd", hidden=(64,) * 32)
#: A seed that chooses the rate, and those that are scored.
CHOOSING, SCORED = 1000, range(SIZES["quick"].seeds)


def model_of(plan: Plan, name: str, drawn_for: str, data: Dataset, inputs: int, seed: int) -> nn.Sequential:
    """A network of the function `name`, its weights drawn as for another."""
    model = network(plan, name, inputs, data.outputs, seed)
    rt.init_(model, drawn_for, generator=torch.Generator().manual_seed(seed))
    return model


def speed() -> list[Row]:
    """By function and epoch: training loss, also against ELU's, and where the middle hidden unit's mean lies."""
    jobs = [(name, seed) for seed in SEEDS for name in FAST]
    table = pd.DataFrame([row for rows in each(course, jobs, "how fast ELU learns") for row in rows])
    elu = table[table.activation == "elu"].set_index(["epoch", "seed"]).loss
    return [
        {"activation": name, "epoch": epoch, "seeds": len(own), "loss": math.exp(np.log(own.loss).mean()),
         **_times(own.set_index(["epoch", "seed"]).loss, elu), "offset": own.offset.mean()}
        for (epoch, name), own in table.groupby(["epoch", "activation"], sort=False)
    ]  # fmt: skip


def _times(own: pd.Series[float], elu: pd.Series[float]) -> Row:
    """The ratio of losses on the same seeds, with its interval."""
    found = estimate(np.log(own / elu.loc[own.index]).to_numpy())
    low, high = map(math.exp, found.ci)
    return {"times_elu": math.exp(found.mean), "times_low": low, "times_high": high}


def course(name: str, seed: int) -> list[Row]:
    """One training by the published recipe."""
    torch.set_num_threads(1)
    rb.define(LEAKY, "x if x > 0 else x / 10")
    data = load(str(TABLE))
    x, y = split(data, seed).train
    model, loss, found = model_of(EIGHT, name, "relu", data, x.shape[1], seed), loss_of(data), []
    epoch = math.ceil(len(x) / EIGHT.batch)
    training = steps(model, loss, EIGHT, Member(RATE, seed, True), (x, y))
    for done, _ in enumerate(islice(training, epoch * MOMENTS[-1]), 1):
        if done in [epoch * moment for moment in MOMENTS]:
            with torch.no_grad():
                found.append({"activation": name, "seed": seed, "epoch": done // epoch,
                              "loss": float(loss(model(x), y)), "offset": _offset(model, x)})  # fmt: skip
    return found


def _offset(model: nn.Sequential, x: torch.Tensor) -> float:
    """Mean output over the rows, of the hidden unit in the middle."""
    means = []
    for layer in model:
        x = layer(x)
        if not isinstance(layer, nn.Linear):
            means.append(x.mean(0))
    return float(torch.cat(means).median())


def weights() -> list[Row]:
    """SELU and ReLU in a deep network, each with its own weights and with the other's."""
    pairs = [(name, drawn_for) for name in PAIR for drawn_for in PAIR]
    jobs = [(*pair, rate, CHOOSING) for pair in pairs for rate in RATES["sgd"]]
    tuned = pd.DataFrame(each(accuracy, jobs, "rates for either draw of weights"))
    best = tuned.loc[tuned.groupby(["activation", "drawn_for"]).validation.idxmax()]
    rates = best.set_index(["activation", "drawn_for"]).learning_rate
    jobs = [(*pair, rates[pair], seed) for pair in pairs for seed in SCORED]
    table = pd.DataFrame(each(accuracy, jobs, "SELU's weights and ReLU's"))
    return [_of_weights(name, drawn_for, table) for name, drawn_for in pairs]


def _of_weights(name: str, drawn_for: str, table: pd.DataFrame) -> Row:
    by = table.set_index(["activation", "drawn_for"])
    own, usual = by.loc[(name, drawn_for)], by.loc[(name, name)]
    score, lost = estimate(own.test.to_numpy()), estimate(usual.test.to_numpy() - own.test.to_numpy())
    return {"activation": name, "drawn_for": drawn_for, "seeds": len(own), "steps": DEEP.steps,
            "gain": rb.get(drawn_for).gain(),
            "signal": own.signal.mean(), "mean": score.mean, "low": score.ci[0], "high": score.ci[1],
            "lost": lost.mean, "lost_low": lost.ci[0], "lost_high": lost.ci[1],
            "learning_rate": own.learning_rate.iloc[0]}  # fmt: skip


def accuracy(name: str, drawn_for: str, learning_rate: float, seed: int) -> Row:
    """One training; signal: of the last hidden layer before it, root of the mean square. Diverged: 0."""
    torch.set_num_threads(1)
    data = load(str(TABLE))
    parts = split(data, seed)
    x, y = parts.train
    model = model_of(DEEP, name, drawn_for, data, x.shape[1], seed)
    with torch.no_grad():
        signal = float(model[:-1](x).square().mean().sqrt())
    for _ in islice(steps(model, loss_of(data), DEEP, Member(learning_rate, seed, True), (x, y)), DEEP.steps):
        pass
    found = (scores(data, model, part)[0] for part in (parts.validation, parts.test))
    validation, test = (0.0 if math.isnan(score) else score for score in found)
    return {"activation": name, "drawn_for": drawn_for, "learning_rate": learning_rate, "signal": signal,
            "validation": validation, "test": test}  # fmt: skip
