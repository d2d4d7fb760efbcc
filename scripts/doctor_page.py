"""Write docs/doctor.md: its text, the table of the rules, and the numbers of the benchmark.

Run:  python scripts/doctor_page.py [--check]
"""

from __future__ import annotations

import csv
from pathlib import Path

from generated import write_or_check

from rheobase.doctor.rules import RULES

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "doctor.md"
BENCHMARK = ROOT / "benchmarks" / "doctor"
JUDGED, TIMED, REPAIRED = (BENCHMARK / f"{name}.csv" for name in ("trainings", "overhead", "repairs"))

#: What a row of the summary is called on the page, with the number to reach; "": none was set.
ROWS = {
    "sick": ("faulty trainings", ""),
    "recall": ("the fault is found (warning or critical)", "≥ 0.90"),
    "right first": ("its rule is the first finding", "≥ 0.85"),
    "right site": ("its site is the first finding's", "≥ 0.85"),
    "dead f1": ("dead units, F1 against the whole data set", "≥ 0.95"),
    "healthy": ("healthy trainings", ""),
    "false alarms": ("with a warning", "≤ 0.05"),
    "twins": ("twins of the faulty ones, without the fault", ""),
    "twins alarmed": ("with a warning", "≤ 0.05"),
    "worse than twin": ("faulty trainings that score worse than their twin", ""),
}

#: What is told of the machine.
MACHINE = ("date", "processor", "cores", "load before", "python", "torch")

TEXT = """# The doctor: what activation functions do inside a network

```python
import rheobase.torch as rt

rt.check(model, (x, y), loss=loss).print()  # before training: one pass, no step taken

with rt.watch(model, optimizer=optimizer, loss=loss) as w:  # live=True: a table in the terminal meanwhile
    train()  # your loop, unchanged
w.report().print()  # or .html("report.html"), .to_dict()
```

A report holds one row per use of an activation function (module path, function, number of the call in a pass) and
findings, the worst first. A finding names the rule, the site, the units; its evidence as numbers; what it means; when
it is no fault; what to do, in order; and where the threshold comes from. `suppress=["dead-units"]` leaves a rule out.
`rheobase check package.module:function --fail-on warning` does the same for a function that returns
`(model, (x, y), loss)`, with an exit status for continuous integration and `--json`.

## What is measured

Modules of torch.nn and of rheobase, and calls in a forward method (`F.relu`, `torch.tanh`, `x.clamp(min=0)`,
`x.relu_()`, `rb.gelu(x)`), in place or not, reused, nested, inside transformers; of nn.RNN the states, of attention
the entropy of its weights. What LSTM and GRU compute inside is out of reach. A unit is a feature, or a channel of a
convolution; a sample counts once.

- **Flat sides** come from the function's facts, never from its name: where f′ is exactly 0, or below 5 % of its maximum
  while f tends to a number. tanh has two, gelu one, leaky_relu none.
- **Dead** is a unit of a rectifier that has not left its flat side for so many samples that it fires with a small
  probability at most (Clopper-Pearson for 0 events, 99 % for all units of the layer at once). A unit that fires for
  one sample of a hundred is sparse, and well.
- **Saturated** is a unit of another function that lies on a flat side for nine samples of ten. Outputs and gates are
  left alone.
- **Gradient** is that of the loss with respect to the pre-activations, per sample. Beside it the page draws what
  mean-field theory expects from the weights and the functions.
- **Update** is ‖Δw‖/‖w‖ of a step, measured at the optimizer.

## What it costs

Steps are observed as a budget allows: 2 % of the time by the watch's own clock, which leaves room for what it cannot
see of itself, to stay within 3 %. The first steps and those whose number is a power of two are seen in any case. In
between there is no hook on any module. Nothing is read back from the device before the report. A short training (less
than a few seconds) pays up to 0.05 s more.

Training is bit for bit the same with and without. Exceptions: what torch.compile made runs uncompiled in an observed
step, which is the same up to rounding; and at the end the latest inputs (4 MB at most are kept) run through the network
once more, in evaluation mode, with buffers and random numbers set back.

## The rules

From causes to consequences; of two equally severe findings the earlier rule comes first, and a cause is as severe as
the worst of what follows from it.

| rule | what it rests on, and when it is no fault |
| --- | --- |
{rules}

## Does the repair help?

```python
tried = rt.verify(make_model, train, finding, seeds=5)  # train(model) returns a score
tried.print()
```

The model is trained on the same seeds without a repair, with the first remedy of the finding that can be carried out,
and with a remedy drawn at random; the differences come with a 95 % interval, and it is said in how many seeds the
rule still speaks. Carried out can be: another function, weights by its gain, normalisation, standardised inputs,
another output, outputs of layers divided by their deviation, a scaled learning rate, clipping, dead units drawn anew
as the network trains.

{repairs}

## How good it is

`python scripts/doctor_benchmark` trains networks with one fault each, their twins without it, and healthy networks
that naive rules call sick (wide sparse layers, gates, tied and in-place modules, transformers, zero-initialised
branches, overfitted batches, accumulation, autocast, compiled models); it writes into `benchmarks/doctor/`. The rules
were tuned on one half, and on trainings that are in neither; both halves were written by the hand that wrote the rules,
each training has one fault at most, and all are small. Expect less of networks that are otherwise.

{numbers}

## What is not there

Gradients through time inside recurrent layers, and export to TensorBoard. `rheobase study` takes its
health numbers from a pass of its own, over each test set.
"""


def notes(path: Path) -> dict[str, str]:
    """The lines about the run, which start with #."""
    lines = [line[2:].rpartition(": ") for line in path.read_text().splitlines() if line.startswith("# ")]
    return {key: value for key, _, value in lines}


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#")))


def rules() -> str:
    return "\n".join(f"| {rule.name} | {rule.source}. Fine: {_lower(rule.fine_if)} |" for rule in RULES)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def numbers() -> str:
    said = notes(JUDGED)
    table = ["| | to reach | tuned on | held out |", "| --- | --- | --- | --- |"]
    table += [
        f"| {name} | {aim} | {said[f'dev, {key}']} | {said[f'held-out, {key}']} |" for key, (name, aim) in ROWS.items()
    ]
    simple = [
        f"{k.removeprefix('false alarms if ')}: {float(v):.0%}"
        for k, v in said.items()
        if k.startswith("false alarms if")
    ]
    return "\n".join([
        *table, "",
        "Some faults (softmax into cross-entropy) cost a floor of the loss and speed, and not always the score. "
        f"Rules that call a ReLU layer dead by its share of zeros would alarm on these shares of the healthy trainings "
        f"with a ReLU: {'; '.join(simple)}.", "",
        *_timings(), "",
        f"Measured: {', '.join(f'{k} {said[k]}' for k in MACHINE)}.",
    ])  # fmt: skip


def repairs() -> str:
    said = notes(REPAIRED)
    return (
        f"`python scripts/doctor_benchmark/repairs.py` does so for the faults of the tuned half ({said['repaired']}; "
        f"{said['seeds']} seeds): the score, a share, rises by {said['gain over none']} over no repair and by "
        f"{said['gain over a random repair']} over a random one (mean over faults, 95 % interval); the rule still "
        f"speaks in {said['rule still speaks, before and after'].split(', ')[1]} of the repaired trainings."
    )


def _timings() -> list[str]:
    head = [
        "| network | batch | ms per step | cost by the clock | cost as reported | steps observed |",
        "| --- |" + " --- |" * 5,
    ]
    return head + [
        f"| {r['network']} | {r['batch']} | {r['milliseconds']} | {float(r['measured']):.1%} "
        f"| {float(r['claimed']):.1%} | {r['observed']} of {r['steps']} |"
        for r in rows(TIMED)
    ]


def main() -> None:
    write_or_check(TARGET, lambda: TEXT.format(rules=rules(), numbers=numbers(), repairs=repairs()), __doc__)


if __name__ == "__main__":
    main()
