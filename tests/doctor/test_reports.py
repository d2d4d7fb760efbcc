"""What the doctor hands over: repairs that were tried, pages, plain data, the command line."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from rich.console import Console
from torch import nn
from torch.optim.optimizer import _global_optimizer_pre_hooks

import rheobase.torch as rt
from rheobase.doctor.records import EDGES, Finding, Remedy
from rheobase.doctor.repair.apply import ACTIONS, applied
from rheobase.doctor.repair.recycle import draw_anew, forget
from rheobase.doctor.report import Report
from rheobase.doctor.report.live import Live
from rheobase.doctor.report.meanfield import expected
from rheobase.doctor.rules import RULES
from rheobase.errors import MissingExtra, UnsupportedInput
from tests.doctor.networks import Applied, mlp, train

X = torch.randn(256, 8, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long() + (X[:, 1] > 0).long()


def sick() -> nn.Module:
    model = mlp(8, 32, 32, 3)
    nn.init.constant_(model[2].bias, -30.0)
    return model


def learn(model: nn.Module) -> float:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(40):
        optimizer.zero_grad()
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
    return float(F.cross_entropy(model(X), Y).detach())


# --- repairs ---


def test_a_repair_that_helps_is_told_from_one_that_does_not() -> None:
    finding = rt.check(sick(), (X, Y), loss=F.cross_entropy).findings[0]
    assert finding.rule == "dead-units"
    good = rt.verify(sick, learn, finding, seeds=3)
    assert (good.remedy.action, good.helps, good.symptom["repair"]) == ("init", True, 0.0)
    assert good.symptom["none"] == 1.0
    np.testing.assert_allclose(good.gain.mean, (good.none - good.repaired).mean())
    useless = rt.verify(sick, learn, finding, seeds=3, remedy=Remedy("clip", "clip", {"norm": 1.0}))
    assert not useless.helps
    np.testing.assert_array_equal(useless.none, good.none)


def test_a_factor_in_the_code_is_taken_back() -> None:
    def steep() -> nn.Module:
        return Applied(lambda z: torch.tanh(60 * z))

    finding = rt.check(steep(), (X, Y), loss=F.cross_entropy).findings[0]
    tried = rt.verify(steep, learn, finding, seeds=2)
    assert (finding.rule, tried.remedy.action) == ("saturated-units", "calibrate")
    assert (tried.symptom["none"], tried.symptom["repair"]) == (1.0, 0.0)


@pytest.mark.parametrize(("rate", "rule"), [(1e-9, "starved-updates"), (300.0, "wild-updates")])
def test_rules_about_updates_speak_where_the_optimizer_is_the_loop_s_own(rate: float, rule: str) -> None:
    def fresh() -> nn.Module:
        return mlp(8, 16, 3, act=nn.Tanh)

    def slowly(model: nn.Module) -> float:
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        for _ in range(12):
            optimizer.zero_grad()
            F.cross_entropy(model(X), Y).backward()
            optimizer.step()
        return float(F.cross_entropy(model(X), Y).detach())

    found = Finding(rule, "warning", "0", None, {}, "", [], "", "")
    cure = Remedy("learning_rate", "another rate", {"factor": 0.1 / rate})
    tried = rt.verify(fresh, slowly, found, seeds=2, remedy=cure)
    assert (tried.symptom["none"], tried.symptom["repair"]) == (1.0, 0.0)


def test_the_same_seeds_and_the_random_numbers_outside_are_kept() -> None:
    finding = rt.check(sick(), (X, Y), loss=F.cross_entropy).findings[0]
    state = torch.get_rng_state()
    one, two = (rt.verify(sick, learn, finding, seeds=2) for _ in range(2))
    np.testing.assert_array_equal(one.none, two.none)
    np.testing.assert_array_equal(one.randomly, two.randomly)
    assert torch.equal(state, torch.get_rng_state())
    assert not _global_optimizer_pre_hooks


@pytest.mark.parametrize("factor", [0.1, 3.0])
def test_a_learning_rate_is_scaled_at_the_step_and_schedules_go_on(factor: float) -> None:
    model = nn.Linear(2, 1, bias=False)
    before = model.weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with applied(Remedy("learning_rate", "", {"factor": factor}), model, ""):
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    torch.testing.assert_close(model.weight, before - 0.5 * factor)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5)


def test_dead_units_are_recycled_while_the_network_trains() -> None:
    (remedy,) = {r.action: r for rule in RULES for r in rule.remedies if r.action == "recycle"}.values()
    torch.manual_seed(0)
    model = sick()
    with applied(remedy, model, "3"):
        revived = learn(model)
    # all were at -30
    assert (model[2].bias > -1).all()
    torch.manual_seed(0)
    assert revived < 0.5 * learn(sick())


def test_units_that_work_are_left_alone_when_others_are_recycled() -> None:
    model = mlp(8, 32, 32, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    F.cross_entropy(model(X), Y).backward()
    optimizer.step()
    weight, averages = model[2].weight.detach().clone(), optimizer.state[model[2].weight]["exp_avg"].clone()
    rows = torch.tensor([3, 5])
    draw_anew(model[2], rows, gain=2.0)
    for parameter in model[2].parameters():
        forget(optimizer, parameter, rows)
    changed = torch.zeros(32, dtype=torch.bool)
    changed[rows] = True
    assert torch.equal((model[2].weight != weight).all(dim=1), changed)
    assert torch.equal(model[2].weight[~changed], weight[~changed])
    now = optimizer.state[model[2].weight]["exp_avg"]
    assert (now[rows] == 0).all()
    assert torch.equal(now[~changed], averages[~changed])


@pytest.mark.parametrize("remedy", [r for rule in RULES for r in rule.remedies if r.action], ids=lambda r: r.action)
def test_every_automatic_remedy_makes_a_model_that_trains(remedy: Remedy) -> None:
    model = nn.Sequential(mlp(8, 16, 16, 3, act=nn.Tanh), nn.Softmax(-1))
    assert remedy.action in ACTIONS
    with applied(remedy, model, "0.1") as repaired:
        optimizer = torch.optim.SGD(repaired.parameters(), lr=0.1)
        F.cross_entropy(repaired(X), Y).backward()
        optimizer.step()
    assert all(p.grad is not None for p in repaired.parameters())


def test_what_cannot_be_carried_out_is_said() -> None:
    with (
        pytest.raises(UnsupportedInput, match="advice for a person"),
        applied(Remedy("", "think"), mlp(8, 4, 3), ""),
    ):
        pass
    with pytest.raises(UnsupportedInput, match="calls in its code"), applied(Remedy("swap", "", {"to": "elu"}),
                                                                            Applied(torch.relu), ""):  # fmt: skip
        pass
    finding = rt.check(nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 3)), (X, Y)).findings[0]
    with pytest.raises(UnsupportedInput, match="no remedy for missing-activation"):
        rt.verify(sick, learn, finding)
    with pytest.raises(UnsupportedInput, match="2 or more"):
        rt.verify(sick, learn, finding, seeds=1)


# --- pages, plain data ---


def test_mean_field_theory_agrees_with_a_wide_network() -> None:
    torch.manual_seed(0)
    model = mlp(256, *[512] * 6, 1, act=nn.Tanh)
    rt.init_(model, "tanh")
    case = rt.check(model, (torch.randn(512, 256), torch.randn(512, 1)), loss=F.mse_loss).case
    sites, theory = expected(case)
    np.testing.assert_allclose([s.gradient for s in sites], theory, rtol=0.1)


@pytest.mark.filterwarnings("ignore:.*identical")
def test_the_page_holds_all_and_needs_nothing_else(tmp_path: Path) -> None:
    report = train(sick(), steps=20).report()
    report.html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "dead-units at" in page
    assert page.count("<svg") >= 5
    assert page.count('role="img"') == page.count("<svg")
    outside = set(re.findall(r'(?:src|href)="([^"#]+)', page)) | set(re.findall(r"url\((?!#)([^)]+)", page))
    assert all(target.startswith("data:") for target in outside)
    assert "prefers-color-scheme: dark" in page
    with pytest.raises(UnsupportedInput, match="there is no folder"):
        report.html(tmp_path / "missing" / "report.html")


def test_a_row_per_activation_and_a_paragraph_per_finding(capsys: pytest.CaptureFixture[str]) -> None:
    rt.check(sick(), (X, Y), loss=F.cross_entropy).print()
    text = capsys.readouterr().out
    for part in ("relu", "100%", "dead-units at 3", "32 of 32 units", "Fine if"):
        assert part in " ".join(text.split())
    rt.check(mlp(8, 16, 3), (X, Y), loss=F.cross_entropy).print()
    assert "Nothing is wrong" in capsys.readouterr().out


# --- the command line ---

MODULE = """
import torch
from rich.console import Console
from torch import nn
from torch.optim.optimizer import _global_optimizer_pre_hooks
torch.manual_seed(0)
batch = torch.randn(64, 4), torch.arange(64) % 3
def sick():
    return nn.Sequential(nn.Linear(4, 3), nn.Softmax(-1)), batch, nn.CrossEntropyLoss()
def healthy():
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), batch, nn.CrossEntropyLoss()
def wrong():
    return 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MODULE)
    return tmp_path


def checked(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rheobase.cli", "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def test_the_command_tells_a_sick_model_by_its_exit_status(folder: Path) -> None:
    found = checked(folder, "mine:sick", "--json", "--html", "page.html")
    assert found.returncode == 1
    assert json.loads(found.stdout)["findings"][0]["rule"] == "softmax-into-cross-entropy"
    assert (folder / "page.html").exists()
    healthy = checked(folder, "mine:healthy", "--fail-on", "warning")
    assert (healthy.returncode, healthy.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["mine"], "write package.module:function"),
        (["ours:sick"], "no module 'ours'"),
        (["mine:well"], "it has .*sick, healthy"),
        (["mine:wrong"], "must return"),
        (["mine:sick", "--suppress", "softmax"], "did you mean softmax-over-batch|no rule is called"),
    ],
)
def test_what_was_typed_wrong_is_one_line(folder: Path, arguments: list[str], complaint: str) -> None:
    found = checked(folder, *arguments)
    assert found.returncode == 2
    assert re.search(complaint, found.stderr)
    assert found.stderr.count("\n") == 1


# --- the live view ---


def too_early() -> Report:
    raise AssertionError("the next picture is due a second later")


def test_a_live_view_draws_now_and_then_on_a_terminal_and_nothing_off_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("rheobase.doctor.report.live.perf_counter", lambda: clock[0])
    report = rt.check(mlp(8, 32, 32, 3), (X, Y), loss=F.cross_entropy)
    shown, nothing = io.StringIO(), io.StringIO()
    view = Live(0.02, Console(file=shown, force_terminal=True, width=100))
    view.start()
    view.update(lambda: report)
    drawn = shown.getvalue()
    assert all(word in drawn for word in ("relu", "dead", "gradient"))
    clock[0] += 0.9
    view.update(too_early)
    clock[0] += 0.2
    view.update(lambda: report)
    assert len(shown.getvalue()) > len(drawn)
    view.stop()
    other = Live(0.02, Console(file=nothing, force_terminal=False))
    other.start()
    other.update(too_early)
    other.stop()
    assert nothing.getvalue() == ""


def test_a_live_watch_trains_the_same_and_is_silent_off_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    def trained(live: bool) -> torch.Tensor:
        torch.manual_seed(0)
        model = mlp(8, 16, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with rt.watch(model, optimizer=optimizer, loss=F.cross_entropy, live=live):
            for _ in range(4):
                optimizer.zero_grad()
                F.cross_entropy(model(X), Y).backward()
                optimizer.step()
        return model[0].weight.detach()

    assert torch.equal(trained(True), trained(False))
    assert capfd.readouterr() == ("", "")


# --- TensorBoard ---


def test_tensorboard_reads_back_what_the_report_holds(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    report = train(mlp(8, 16, 16, 3)).report()
    report.tensorboard(tmp_path / "run")
    read = accumulator.EventAccumulator(str(tmp_path / "run"), {"histograms": 0, "images": 0})
    read.Reload()

    def series(tag: str) -> list[tuple[int, float]]:
        return [(event.step, event.value) for event in read.Scalars(tag)]

    moments, last = report.case.moments, report.sites[1]
    for field in ("silent", "flat", "gradient"):
        kept = [(m.step, np.float32(getattr(m, field)[1])) for m in moments]
        assert series(f"{field}/{last.name}.relu") == kept
    weight = report.case.parameters[2]
    assert series(f"updates/{weight.path}") == list(zip(report.case.steps, np.float32(weight.updates), strict=True))
    assert series(f"gradients/{weight.path}") == list(zip(report.case.steps, np.float32(weight.gradients), strict=True))
    for event, moment in zip(read.Histograms(f"pre-activation/{last.name}.relu"), moments, strict=True):
        found, counts = event.histogram_value, moment.histograms[1]
        used = np.flatnonzero(counts)
        assert (event.step, found.num) == (moment.step, counts.sum())
        np.testing.assert_array_equal(found.bucket, counts[used[0] : used[-1] + 1])
        np.testing.assert_array_equal(found.bucket_limit, EDGES[used[0] + 1 : used[-1] + 2])
    assert sorted(read.Tags()["images"]) == [f"curve/{site.name}.relu" for site in report.sites]


def test_without_tensorboard_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = rt.check(mlp(8, 16, 3), (X, Y), loss=F.cross_entropy)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(MissingExtra, match=r"needs tensorboard; .*'rheobase\[tensorboard\]'"):
        report.tensorboard(tmp_path / "run")
    assert not (tmp_path / "run").exists()
