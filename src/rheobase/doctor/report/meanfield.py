"""What mean-field theory expects of the gradient, from the weights and functions at the start."""

from __future__ import annotations

import math

import numpy as np

from rheobase.doctor.records import Case, Numbers, SiteStatistics
from rheobase.doctor.rules.beginning import hidden
from rheobase.facts.gaussian import average


def expected(case: Case) -> tuple[list[SiteStatistics], Numbers]:
    """The hidden sites at the first observed step, and the gradient expected at each from that at the last one.

    Going back through weights of variance σ²/fan_in and f at pre-activations of variance q, the gradient's variance
    is multiplied by χ = σ²·E f'(√q z)², z ~ N(0, 1), for layers of infinite width.
    """
    sites = hidden(case.first)
    weights = {p.layer: p.scale**2 * p.fan_in for p in case.parameters}
    gradients = [sites[-1].gradient] if sites else []
    for before, site in zip(sites[-2::-1], sites[:0:-1], strict=True):
        q = max(math.hypot(before.z_mean, before.z_deviation) ** 2, 1e-12)
        chi = weights.get(site.layer, math.nan) * average(before.nature.curve, "dd", round(q, 6) or 1e-6)
        gradients.append(gradients[-1] * math.sqrt(chi))
    return sites, np.array(gradients[::-1])
