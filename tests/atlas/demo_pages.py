"""The demonstrations' pages alone, without the rest of the site, and a browser that looks at them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape

import rheobase.atlas
from rheobase import catalogue
from rheobase.atlas.demos import DEMONSTRATIONS
from rheobase.atlas.functions import functions_script

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WHY_NOT = "the demonstrations are tried in Chromium, and none is installed"


def write(out: Path, broken: Mapping[str, tuple[str, str]] | None = None) -> Path:
    """The pages in `out`; `broken` replaces a piece of text in a static file, to see that a test notices."""
    shutil.copytree(Path(rheobase.atlas.__file__).parent / "static", out / "static")
    pages = Environment(loader=PackageLoader("rheobase.atlas"), autoescape=select_autoescape(["html.j2"]))
    script = pages.get_template("functions.js.j2").render(functions_script(catalogue.definitions()))
    (out / "static" / "functions.js").write_text(script)
    for demo in DEMONSTRATIONS:
        (out / f"{demo.slug}.html").write_text(pages.get_template(demo.template).render(demo=demo))
    for name, (right, wrong) in (broken or {}).items():
        text = (out / "static" / name).read_text()
        assert right in text
        (out / "static" / name).write_text(text.replace(right, wrong))
    return out
