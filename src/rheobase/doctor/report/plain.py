"""A report as plain data, and numbers about a site that several drawings need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rheobase.doctor.records import Case, Finding, SiteStatistics
from rheobase.doctor.rules.units import dead, saturated


def of_report(case: Case, findings: Sequence[Finding]) -> dict[str, Any]:
    """Findings, sites, weights, losses and overhead."""
    return {
        "findings": [_safe(asdict(f)) for f in findings],
        "sites": [_safe(of_site(s)) for s in case.sites],
        "parameters": [_safe(asdict(p)) for p in case.parameters],
        "losses": [_safe(asdict(c)) for c in case.losses],
        "overhead": _safe(asdict(case.overhead)),
    }


def of_site(site: SiteStatistics) -> dict[str, Any]:
    """The numbers of one site, units summed up."""
    return {
        "path": site.path,
        "function": site.function,
        "call": site.call,
        "layer": site.layer,
        "role": site.role,
        "units": site.units,
        "samples": site.samples,
        "dead": [int(u) for u in dead(site)],
        "saturated": [int(u) for u in saturated(site)],
        "active": float(site.active.mean()),
        "flat": float(site.flat.mean()),
        "z_mean": site.z_mean,
        "z_deviation": site.z_deviation,
        "gradient": site.gradient,
        "histogram": site.histogram,
    }


def _safe(value: Any) -> Any:
    """JSON knows neither NaN nor arrays."""
    if isinstance(value, dict):
        return {k: _safe(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(v) for v in value]
    if hasattr(value, "tolist"):
        return _safe(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
