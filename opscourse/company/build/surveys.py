"""Surveys: who is asked, who answers, and what they say (TP15)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS
from opscourse.company.build.people import DAY, START, stamp
from opscourse.company.build.quota import MONTHS, drawn_days, quota, second_of_day
from opscourse.company.build.touchpoints import TOUCHPOINTS
from opscourse.company.tables.customers import NEEDS
from opscourse.company.tables.product import STAGES
from opscourse.company.world import Block, Columns, builds, coded, optional

__all__ = ["NEED_MEANS", "surveys"]

TRIGGERS = ("random", "after_class", "after_order", "after_ticket", "reward")
_TRIGGER_SHARES = (0.46, 0.20, 0.16, 0.10, 0.08)
_ABOUT = ((0, 5), (2, 3), (3, 4), (3, 5), (0, 5))  # stages (from, before) whose touchpoints each trigger asks about
NEED_MEANS = (4.15, 3.95, 3.55, 3.45, 3.35, 2.70, 2.55, 2.20)  # in the order of NEEDS
_NEEDS_OF_PERSONA = (
    (-0.2, 0.4, 0.1, 0.3, -0.4, 0.0, 0.0, 0.0), (0.3, 0.0, -0.1, 0.0, 0.0, -0.2, 0.1, -0.1),
    (-0.3, -0.2, 0.2, -0.4, 0.9, 0.0, 0.0, 0.0), (-0.2, 0.1, 0.2, 0.0, 0.0, 1.3, 0.1, 0.6),
)  # fmt: skip
_MOOD_OF_PERSONA = np.array([0.45, 0.05, -0.45, 0.15])


@builds("_mood")
def mood(block: Block) -> Columns:
    """How satisfied each user is with the company as a whole: mean 0, standard deviation about 0.7."""
    persona = block["_people"]["persona"]
    return {"mood": _MOOD_OF_PERSONA[persona] + block.stream("_mood").normal(0, 0.6, block.size)}


@builds("surveys")
def surveys(block: Block) -> Columns:
    """One row an invitation, answered or not."""
    stream = block.stream("surveys")
    survey = block.parameters.survey
    user, second, trigger = _asked(block, stream)
    order = np.argsort(second, kind="stable")
    user, second, trigger = user[order], second[order], trigger[order]
    size = user.size
    true = block.world["_touchpoints"]
    tp = _touchpoint(stream, trigger)
    mood = block["_mood"]["mood"][user]
    nps = np.clip(np.rint(survey.nps_level + 1.7 * mood + stream.normal(0, 1.5, size)), 0, 10).astype(np.int64)
    csat = np.clip(np.rint(true["csat"][tp] + 0.45 * mood + stream.normal(0, 0.75, size)), 1, 5).astype(np.int64)
    extreme = np.abs(nps - survey.nps_level) / 2
    odds = survey.answer_base + survey.answer_extreme * extreme + survey.answer_reward * (trigger == TRIGGERS.index("reward"))
    still = second // DAY <= block["_people"]["last_day"][user]
    answered = still & (stream.random(size) < 1 / (1 + np.exp(-odds)))
    importance = np.array(NEED_MEANS) + np.array(_NEEDS_OF_PERSONA)[block["_people"]["persona"][user]]
    needs = np.clip(np.rint(importance + stream.normal(0, 0.9, (size, len(NEEDS)))), 1, 5).astype(np.int64)
    return {
        "survey_id": block.first_id + np.arange(size),
        "user_id": user + np.int64(block.first_user),
        "ts": stamp(second),
        "trigger": coded(trigger, TRIGGERS),
        "tp_id": tp + 1,
        "answered": answered,
        "nps": optional(nps, answered),
        "csat": optional(csat, answered),
        "would_pay": optional(_would_pay(block, stream, second, answered, mood), answered),
        **{f"need_{name}": optional(needs[:, k], answered) for k, name in enumerate(NEEDS)},
    }


def _asked(block: Block, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Who is asked, when (seconds since the first moment of the calendar) and why."""
    totals = block.parameters.survey.invitations * np.minimum(np.arange(MONTHS) + 4, 14)
    totals = totals / np.minimum(np.arange(MONTHS) + 4, 14).sum()
    counts = [quota(block, np.rint(totals * share)) for share in _TRIGGER_SHARES]
    days = block["_days"]
    rows, trigger = [], []
    for number, allowed in ((0, None), (1, days["classes"] > 0), (4, None)):
        rows.append(drawn_days(block, stream, counts[number], allowed))
        trigger.append(np.full(rows[-1].size, number))
    rows = np.concatenate(rows)
    user = [days["user"][rows]]
    second = [days["day"][rows].astype(np.int64) * DAY + second_of_day(block, stream, rows)]
    for number, table, column, hours in ((2, "orders", "ts", 3), (3, "tickets", "opened_ts", 30)):
        moment = block[table][column].astype("datetime64[s]").astype(np.int64) - START
        some = stream.choice(moment.size, min(counts[number].sum(), moment.size), replace=False)
        asked = moment[some] + (hours * 3600 * stream.uniform(0.5, 1.5, some.size)).astype(np.int64)
        inside = asked < DAYS * DAY
        user.append(block[table]["user_id"][some][inside] - block.first_user)
        second.append(asked[inside])
        trigger.append(np.full(int(inside.sum()), number))
    return np.concatenate(user), np.concatenate(second), np.concatenate(trigger)


def _touchpoint(stream: np.random.Generator, trigger: np.ndarray) -> np.ndarray:
    edges = np.concatenate([[0], np.cumsum([len(TOUCHPOINTS[stage]) for stage in STAGES])])
    low, high = (edges[np.array(_ABOUT)[trigger, k]] for k in range(2))
    return low + (stream.random(trigger.size) * (high - low)).astype(np.int64)


def _would_pay(
    block: Block, stream: np.random.Generator, second: np.ndarray, answered: np.ndarray, mood: np.ndarray
) -> np.ndarray:
    """Whether the user says yes to paying: in each year exactly the stated share of those who answer, the happier first."""
    survey = block.parameters.survey
    leaning = 0.8 * mood + stream.logistic(0, 1, second.size)
    later = second >= 366 * DAY
    says = np.zeros(second.size, dtype=bool)
    for year, share in ((~later, survey.would_pay_before), (later, survey.would_pay_after)):
        asked = np.flatnonzero(year & answered)
        says[asked[np.argsort(-leaning[asked], kind="stable")[: round(share * asked.size)]]] = True
    return says
