"""Computing: what the visits of a day need, and what it costs by three tariffs."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY
from opscourse.company.build.channels import USERS_AT_PLAN
from opscourse.company.world import Columns, World, builds

__all__ = ["cloud_usage"]

_STORED = (14_000.0, 11.0)  # GB on the first day, and more each day, at 20,000 users


@builds("cloud_usage")
def cloud_usage(world: World) -> Columns:
    """One row a day."""
    stream = world.stream("cloud_usage")
    cloud, scale = world.parameters.cloud, world.users / USERS_AT_PLAN
    _, sessions, minutes = world.totals["usage"]
    cpu = ((cloud.base_h * scale + cloud.session_h * sessions) * stream.lognormal(0, 0.03, DAYS)).round(1)
    storage = (scale * (_STORED[0] + _STORED[1] * np.arange(DAYS))).round(0)
    egress = (cloud.minute_gb * minutes * stream.lognormal(0, 0.04, DAYS)).round(1)
    both = cloud.storage_cny * storage + cloud.egress_cny * egress
    reserved = cloud.reserved * np.median(cpu)
    costs = {
        "fixed": np.full(DAYS, cpu.max() * (1 - cloud.fixed_discount)),
        "usage": cpu,
        "mixed": reserved * (1 - cloud.reserved_discount) + np.maximum(cpu - reserved, 0),
    }
    return {
        "date": FIRST_DAY + np.arange(DAYS),
        "cpu_h": cpu,
        "storage_gb": storage,
        "egress_gb": egress,
        **{f"{name}_plan_cny": (cloud.cpu_cny * hours + both).round(2) for name, hours in costs.items()},
    }
