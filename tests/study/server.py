"""A PostgreSQL server of the tests' own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def programs() -> Path:
    """The folder with initdb and pg_ctl; without one the test is skipped."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("PostgreSQL's initdb is not on this machine: studies on many machines are not tested")
    return folders[-1]


#: Nothing need outlive the tests.
FORGETFUL = "-c fsync=off"


@contextmanager
def postgres(settings: str = FORGETFUL) -> Iterator[str]:
    """The URL of an empty database; the server is gone afterwards, with all it held."""
    bin_ = programs()
    # it refuses to run as root
    user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="rheobase-pg-"))
    if user:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    # a socket in the folder: a port that is free now may be somebody's when the server is there
    options = f"-k {folder} -c listen_addresses='' {settings}"
    control = [bin_ / "pg_ctl", "-D", folder / "data", "-w", "-t", "300"]
    start = [*control, "-l", folder / "log", "-o", options, "start"]
    create = [bin_ / "initdb", "-D", folder / "data", "-U", "rheobase", "-A", "trust", "--no-sync"]
    for command in (create, start):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)
    try:
        yield f"postgresql+pg8000://rheobase@/postgres?unix_sock={folder}/.s.PGSQL.5432"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)
        shutil.rmtree(folder)
