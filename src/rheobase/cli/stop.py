"""How a command ends early: one line on stderr, and an exit status."""

from __future__ import annotations

import sys
from typing import NoReturn

INTERRUPTED = 130


def stop(complaint: str, status: int) -> NoReturn:
    """Say why, and leave."""
    print(f"rheobase: {complaint}", file=sys.stderr)
    sys.exit(status)
