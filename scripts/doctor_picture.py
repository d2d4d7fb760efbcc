"""Draw docs/doctor.png for the README: the doctor's reports of a sick and of a healthy network, in a browser.

Run:  python scripts/doctor_picture.py [BROWSER]        (chromium by default)
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from PIL import Image
from torch import nn

import rheobase.torch as rt
from rheobase.doctor.report import Report

TARGET = Path(__file__).parents[1] / "docs" / "doctor.png"
SIZE = (860, 1500)


class Net(nn.Module):
    """The README's."""

    def __init__(self, bias: float) -> None:
        super().__init__()
        self.fc1, self.fc2, self.out = nn.Linear(8, 64), nn.Linear(64, 64), nn.Linear(64, 3)
        nn.init.constant_(self.fc2.bias, bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def trained(bias: float) -> Report:
    torch.manual_seed(0)
    model, x = Net(bias), torch.randn(512, 8)
    y, loss = (x[:, 0] > 0).long() + (x[:, 1] > 0), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    with rt.watch(model, optimizer=optimizer, loss=loss) as w:
        for _ in range(4000):
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
    return w.report()


def photographed(report: Report, browser: str, folder: Path) -> Image.Image:
    page, picture = folder / "report.html", folder / "page.png"
    report.html(page)
    look = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={SIZE[0]},{SIZE[1]}"]
    subprocess.run([browser, *look, f"--screenshot={picture}", str(page)], check=True, capture_output=True)
    return Image.open(picture).convert("RGB")


def main() -> None:
    browser = sys.argv[1] if len(sys.argv) > 1 else "chromium"
    with tempfile.TemporaryDirectory() as folder:
        pages = [photographed(trained(bias), browser, Path(folder)) for bias in (-10.0, 0.0)]
    both = Image.new("RGB", (2 * SIZE[0] + 20, SIZE[1]), "#dddddd")
    for place, page in enumerate(pages):
        both.paste(page, (place * (SIZE[0] + 20), 0))
    both.quantize(128).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
