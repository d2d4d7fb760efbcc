"""Write docs/doctor.md: its text, the table of the rules, and the numbers of the benchmark.

Run:  python scripts/doctor_page.py [--check]
"""

from __future__ import annotations

from pathlib import Path

from generated import notes, rows, write_or_check

from rheobase.doctor.observe.pace import BUDGET
from rheobase.doctor.rules import RULES

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "doctor.md"
BENCHMARK = ROOT / "benchmarks" / "doctor"
FILES = ("trainings", "overhead", "repairs", "memory", "labels", "rivals")
JUDGED, TIMED, REPAIRED, WEIGHED, LABELLED, COMPARED = (BENCHMARK / f"{name}.csv" for name in FILES)

#: What a row of the summary is called on the page, with the number to reach; "": none was set.
ROWS = {
    "sick": ("faulty trainings, harm proven", ""),
    "unproven": ("faulty trainings left out, harm not proven", ""),
    "recall": ("the fault is found (warning or critical)", "≥ 0.90"),
    "right first": ("its rule is the first finding", "≥ 0.85"),
    "right site": ("its site is the first finding's", "≥ 0.85"),
    "dead f1": ("dead units, F1 against the whole data set", "≥ 0.95"),
    "healthy": ("healthy trainings", ""),
    "false alarms": ("with a warning", "≤ 0.05"),
    "twins": ("twins of the faulty ones, without the fault", ""),
    "twins alarmed": ("with a warning", "≤ 0.05"),
}

#: What a tool is asked, and the column that answers.
QUESTIONS = {
    "alarm on a fault": "alarmed",
    "that names it": "right",
    "alarm on a healthy one": "false_alarms",
    "alarm on a twin": "twins_alarmed",
}

#: What is told of the machine.
MACHINE = ("date", "processor", "cores", "load before", "python", "torch")

TEXT = """# The doctor: what activation functions do inside a network

```python
>>> import torch, rheobase.torch as rt
>>> from torch import nn
>>> x, loss = torch.randn(512, 8, generator=torch.Generator().manual_seed(0)), nn.CrossEntropyLoss()
>>> y = (x[:, 0] > 0).long()
>>> def make_model():
...     net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
...     nn.init.constant_(net[2].bias, -10.0)                # a fault
...     return net
>>> def train(model):                                        # your loop
...     optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
...     for _ in range(50):
...         optimizer.zero_grad()
...         loss(model(x), y).backward()
...         optimizer.step()
...     return (model(x).argmax(1) == y).double().mean().item()

>>> model = make_model()
>>> rt.check(model, (x, y), loss=loss).findings[0].rule      # before training: one pass, no step taken
'dead-units'
>>> with rt.watch(model, loss=loss) as w:                    # live=True: a table in the terminal meanwhile
...     _ = train(model)                                     # optimizer=…: updates are measured, too
>>> report = w.report()         # .print(), .html("report.html"), .tensorboard("runs/1"), .to_dict()
>>> report.findings[0].rule, report.findings[0].site
('dead-units', '3')

```

`tensorboard` writes what TensorBoard reads (`pip install 'rheobase[tensorboard]'`): by site and step the shares of
silent units and of flat places, the gradient, and the histogram of the pre-activations in bins even in asinh(z); by
weight its gradient and its update; and the densities over f and f′.

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
  mean-field theory expects from the weights and the functions. With GradScaler it is that of the scaled loss.
- **Update** is ‖Δw‖/‖w‖ of a step, measured at the optimizer.

## What it costs

Steps are observed as a budget allows: {budget} of the time by the watch's own clock, which leaves room for what it
cannot see of itself, to stay within 3 %. The first steps and those whose number is a power of two are seen in any
case. In between there is no hook on any module. A short training (less than a few seconds) pays up to 0.05 s more.

No step waits for the device, observed or not: numbers are read back when a report is asked for. One exception is
the first pass, in which the parameters of learnable functions are read.

Memory: large tensors are looked at in parts. What is kept between steps is 56 bytes per unit, and of moments and of
the latest inputs 1/512 of the activations' inputs each, or 64 and 256 KiB where that is more: less than 1 % of the
activations from some 40 MB of them on, and up to 0.4 MB where they take less. Layers of very many units and no places
(a wide MLP's) pay more: 56 bytes beside the 4 bytes × batch of a unit's activations are more than 1 % for batches
below 1400.

{memory}

Training is bit for bit the same with and without. Exceptions: what torch.compile made runs uncompiled in an observed
step, which is the same up to rounding; and at the end the latest inputs, as far as they were kept, run through the
network once more, in evaluation mode, with buffers and random numbers set back. Batches too large to be kept (those of
most networks for pictures) have no such last look: what dies after the last observed steps is not found there.

Each process of a distributed training may watch: it reports on its own batches.

## The rules

From causes to consequences; of two equally severe findings the earlier rule comes first, and a cause is as severe as
the worst of what follows from it.

| rule | what it rests on, and when it is no fault |
| --- | --- |
{rules}

## Does the repair help?

```python
>>> tried = rt.verify(make_model, train, report.findings[0], seeds=3, higher_is_better=True)
>>> tried.helps, tried.gain.mean > 0.2                        # .print() tells it as a table
(True, True)

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
branches, overfitted batches, accumulation, autocast, compiled models); it writes into `benchmarks/doctor/`. {labels}
Where the first labels showed no harm, the measure or the strength of the fault was changed, with these seeds in view.

The rules were tuned on one half, and on trainings that are in neither; both halves were written by the hand that wrote
the rules, each training has one fault at most, and all are small. Expect less of networks that are otherwise.

{numbers}

### Beside other tools

The same trainings, recorded at 30 of their steps each, were put to the rules of other tools:

{rivals}

Before the stroke the half that our rules were tuned on, behind it the other. The rules were written anew by us from
what is published of them, with their thresholds: read the table as about these rules, not about the tools, which ask
more, and of larger networks. AUTOTRAINER, DeepDiagnosis and TheDeepChecker were made for Keras and TensorFlow, where
every activation is a layer; here they see modules. Three of the healthy networks, whose units fire rarely, were added
so that rules by the share of zeros are put to the test. AUTOTRAINER repairs what it finds, and is silent where
accuracy is above 0.6; where targets are quantities the variance explained stands in for accuracy. SageMaker's tensors
are saved every 500 steps by default, not every ten. fastai's `near_zero` is drawn and has no threshold: 90 % is ours.
A name counts where it means the fault or what follows from it; most of these tools do not look for faults of output
and loss. TheDeepChecker comes a second time without its rule that activations spread by 0.5 to 2. Left out for want
of a like in PyTorch, or of a published bound: `scripts/doctor_benchmark/rivals.py` says what.

## What is not there

Gradients through time inside recurrent layers.
"""


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
    return "\n".join([*table, "", *_timings(), "", f"Measured: {', '.join(f'{k} {said[k]}' for k in MACHINE)}."])


def labels() -> str:
    said = notes(LABELLED)
    return (
        f"A fault counts if it harms: trained with it and without on {said['pairs']} seeds, and scored on rows that no "
        f"training sees, the twin must be better at the end or on the way, with a 95 % interval for both questions "
        f"together (`labels.csv`; {said['proven']}). Scores are accuracy, area under the curve or variance explained; "
        f"where a fault leaves the order of the classes as it is and spoils their probabilities, the likelihood; and "
        f"where it reads other rows of the batch, accuracy on rows that come alone."
    )


def rivals() -> str:
    found = {(r["tool"], r["half"]): r for r in rows(COMPARED)}
    table = [f"| | {' | '.join(QUESTIONS)} |", "| --- |" + " --- |" * len(QUESTIONS)]
    for tool in dict.fromkeys(tool for tool, _ in found):
        cells = [
            " / ".join(f"{float(found[tool, half][key]):.0%}" for half in ("dev", "held-out"))
            for key in QUESTIONS.values()
        ]
        table.append(f"| {tool} | {' | '.join(cells)} |")
    return "\n".join(table)


def repairs() -> str:
    said = notes(REPAIRED)
    return (
        "`python scripts/doctor_benchmark/repairs.py` does so for the faults of the tuned half but detached parameters "
        f"({said['repaired']}; {said['seeds']} seeds): the score, a share, rises by {said['gain over none']} over no "
        f"repair and by {said['gain over a random repair']} over a random one (mean over faults, 95 % interval); "
        f"the rule still speaks in {said['rule still speaks, before and after'].split(', ')[1]} of the repaired "
        "trainings."
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


def memory() -> str:
    said = notes(WEIGHED)
    head = [
        "| network | batch | activations, KiB | more at the peak, KiB | more between steps, KiB |",
        "| --- |" + " --- |" * 4,
    ]
    table = [
        f"| {r['network']} | {r['batch']} | {int(r['activations']) / 1024:.0f} "
        f"| {int(r['peak']) / 1024:.0f} = {float(r['peak_share']):.2%} "
        f"| {int(r['kept']) / 1024:.0f} = {float(r['kept_share']):.2%} |"
        for r in rows(WEIGHED)
    ]
    about = (
        "Measured by `python scripts/doctor_benchmark/memory.py` from torch's record of all allocations, on a training "
        f"of which every step is observed: {', '.join(f'{k} {said[k]}' for k in ('date', 'python', 'torch'))}."
    )
    return "\n".join([*head, *table, "", about])


def page() -> str:
    parts = (rules, labels, numbers, rivals, repairs, memory)
    return TEXT.format(budget=f"{BUDGET:.1%}", **{part.__name__: part() for part in parts})


def main() -> None:
    write_or_check(TARGET, page, __doc__)


if __name__ == "__main__":
    main()
