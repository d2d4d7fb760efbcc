"""Claims put to the test."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib import import_module

from rheobase.claims import CLAIMS
from rheobase.claims.record import Claim, Outcome, judged
from rheobase.errors import extra
from rheobase.workers import cores, crew


def run(claims: Sequence[Claim], seed: int = 0, workers: int | None = None) -> Iterator[Outcome]:
    """Outcomes as they come; experiments share `workers` processes (default: one per core; 0: this process).

    Those that take times come last and one by one, when nothing else runs.

    >>> from rheobase.claims import chosen
    >>> [(outcome.id, outcome.verdict) for outcome in run(chosen(["relu-kink"]), workers=0)]
    [('relu-kink', 'holds')]
    """
    with extra("all"):
        # a missing library is told before the work
        for experiment in {claim.module for claim in claims}:
            import_module(experiment)
    together = [claim.id for claim in claims if not claim.timed]
    with crew(min(cores() if workers is None else workers, len(together))) as each:
        yield from each(_on_one_thread, [(name, seed) for name in together])
    yield from (_on_one_thread(claim.id, seed) for claim in claims if claim.timed)


def _on_one_thread(name: str, seed: int) -> Outcome:
    import torch

    torch.set_num_threads(1)
    return outcome_of(next(claim for claim in CLAIMS if claim.id == name), seed)


def outcome_of(claim: Claim, seed: int) -> Outcome:
    """The outcome of a claim's experiment."""
    start = time.process_time()
    measured = claim.function(**claim.arguments, seed=seed)
    return judged(claim, measured, seed, time.process_time() - start)
