"""Requests to customer service (TP18, TP19)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import day_index
from opscourse.company.build.people import DAY, stamp
from opscourse.company.build.quota import MONTHS, drawn_days, month_index, quota, second_of_day
from opscourse.company.parameters import Service
from opscourse.company.world import Block, Columns, World, builds, coded, optional, pick

__all__ = ["monthly_tickets", "tickets"]

_CATEGORIES = ("complaint", "question", "payment", "delivery", "account")
_OTHERS = (0.0, 0.42, 0.18, 0.25, 0.15)


def monthly_tickets(world: World) -> dict[str, np.ndarray]:
    """Tickets a month at 20,000 users: complaints in all, complaints about quality, everything else."""
    service = world.parameters.service
    first, second = month_index(service.first_month), month_index(service.second_month)
    month = np.arange(MONTHS)
    growth = (service.second_complaints / service.first_complaints) ** (1 / (second - first))
    months = np.minimum(month, second) - first + 0.15 * np.maximum(month - second, 0)
    complaints = service.first_complaints * np.where(month < first, (month + 1) / (first + 1), growth**months)
    share = np.interp(
        month,
        [0, first, month_index("2024-12"), second, MONTHS - 1],
        [
            0.36,
            service.first_quality / service.first_complaints,
            0.30,
            service.second_quality / service.second_complaints,
            0.145,
        ],
    )
    complaints = np.rint(complaints)
    others = np.minimum(month + 4, 16).astype(float)
    others *= max(service.tickets - complaints.sum(), 0) / others.sum()
    return {"complaints": complaints, "quality": np.rint(complaints * share), "others": np.rint(others)}


@builds("tickets")
def tickets(block: Block) -> Columns:
    """One row a ticket, opened on a day when its user was there."""
    stream = block.stream("tickets")
    service = block.parameters.service
    monthly = {name: quota(block, totals) for name, totals in monthly_tickets(block.world).items()}
    plain = monthly["complaints"] - monthly["quality"]
    groups = [drawn_days(block, stream, counts) for counts in (monthly["quality"], plain, monthly["others"])]
    kind = np.repeat(np.arange(3), [rows.size for rows in groups])
    rows = np.concatenate(groups)
    second = block["_days"]["day"][rows].astype(np.int64) * DAY + second_of_day(block, stream, rows)
    order = np.argsort(second, kind="stable")
    rows, kind, second = rows[order], kind[order], second[order]
    size = rows.size
    category = np.where(kind < 2, 0, pick(stream, _OTHERS, size))
    severity = 1 + stream.binomial(2, np.where(kind == 0, 0.55, np.where(kind == 1, 0.40, 0.20)))
    special = stream.random(size) < service.special
    second_line = stream.random(size) < np.where(special, 0.75, 0.08)
    bot = (kind == 2) & ~second_line & (second >= day_index(np.datetime64(service.bot_start)) * DAY)
    bot &= stream.random(size) < service.bot_share
    first_response = np.where(bot, stream.uniform(0.1, 0.6, size), _delays(stream, service, second))
    hops = np.where(bot, 0, stream.poisson(np.where(second_line, 1.1, 0.2)))
    handling = stream.lognormal(np.log(service.handling) - 0.6**2 / 2, 0.6, size) * np.where(bot, 0.2, 1.0)
    resolve = first_response + handling * np.where(second_line, 1.8, 1.0) + hops * stream.lognormal(np.log(90), 0.8, size)
    reopened = stream.random(size) < 0.05 + 0.10 * bot + 0.04 * (severity == 3)
    mood = 4.5 - 0.22 * np.log1p(resolve / 30) - service.bot_csat_loss * bot - 0.7 * reopened - 0.2 * (severity - 1)
    csat = np.clip(np.rint(mood + stream.normal(0, 0.8, size)), 1, 5).astype(np.int64)
    return {
        "ticket_id": block.first_id + np.arange(size),
        "opened_ts": stamp(second),
        "user_id": block["_days"]["user"][rows] + np.int64(block.first_user),
        "category": coded(category, _CATEGORIES),
        "quality_related": kind == 0,
        "severity": severity,
        "tier": np.where(second_line, 2, 1),
        "bot_handled": bot,
        "first_response_min": first_response.round(1),
        "resolve_min": np.maximum(resolve, first_response).round(1),
        "hops": hops,
        "reopened": reopened,
        "csat": optional(csat, stream.random(size) < 0.38),
        "special": special,
    }


def _delays(stream: np.random.Generator, service: Service, second: np.ndarray) -> np.ndarray:
    """Minutes until the first answer: log-normal; from its first day, triage cuts the mean much and the median little."""
    median, sigma = service.response_median, service.response_sigma
    later_median = median * (1 - service.triage_median)
    mean = median * np.exp(sigma**2 / 2) * (1 - service.triage_mean)
    later_sigma = np.sqrt(2 * np.log(mean / later_median))
    after = second >= day_index(np.datetime64(service.triage_start)) * DAY
    shock = stream.standard_normal(second.size)
    return np.where(after, later_median * np.exp(later_sigma * shock), median * np.exp(sigma * shock))
