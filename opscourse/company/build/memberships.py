"""Trials and paid spells of membership (TP15)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY
from opscourse.company.world import Block, Columns, builds, coded, pick

__all__ = ["PLANS", "TRIAL_DAYS"]

PLANS = (("month", 30), ("quarter", 91), ("year", 365))
TRIAL_DAYS = 7
_MOST_SPELLS = 20
_REASONS = ("price", "time", "content", "bug", "moved", "other")
_REASONS_BY_PERSONA = ((12, 18, 30, 12, 8, 20), (18, 42, 14, 8, 6, 12), (55, 12, 12, 8, 3, 10), (22, 22, 22, 10, 6, 18))


@builds("memberships")
def memberships(block: Block) -> Columns:
    """One row a spell, by user and time. Who pays is drawn so that the share of each day's sign-ups is the stated one."""
    stream = block.stream("memberships")
    membership, size = block.parameters.membership, block.size
    persona, last_day = block["_people"]["persona"], block["_people"]["last_day"]
    signup = block["_signups"]["day"]
    begin = signup + np.minimum(stream.geometric(0.11, size), 50)
    weight = np.array(block.parameters.persona.paying)[persona] * (last_day >= begin + TRIAL_DAYS)
    share = np.interp(signup, (60, 60 + 366), (membership.paid_before, membership.paid_after))
    due = np.cumsum(np.minimum(share * weight / max(weight.mean(), 1e-9), 1)) + stream.random()
    pays = np.diff(np.floor(due), prepend=np.floor(due[0] - due[0] % 1 if size else 0)) > 0  # as many as are due, evenly
    tried = stream.random(size) < 0.6
    curious = (
        ~pays & (last_day >= begin) & (stream.random(size) < _only_trial(membership.trial, pays & tried, last_day >= begin))
    )
    trial = (pays & tried) | curious
    first_paid = np.where(tried, begin + TRIAL_DAYS, begin)
    plan = pick(stream, membership.plans, size)
    plan[persona == 0] = pick(stream, np.array(membership.plans) * (0.6, 1.2, 2.2), int((persona == 0).sum()))
    days = np.array([length for _, length in PLANS])
    renewed = np.array(membership.renewed)

    spells = [(np.flatnonzero(trial), begin[trial], np.zeros(int(trial.sum()), dtype=np.int64), True)]
    user, start = np.flatnonzero(pays), first_paid[pays]
    for _ in range(_MOST_SPELLS):
        here = start < DAYS
        user, start = user[here], start[here]
        spells.append((user, start, np.ones(user.size, dtype=np.int64), False))
        start = start + days[plan[user]]
        again = (last_day[user] >= start) & (stream.random(user.size) < renewed[persona[user]])
        user, start = user[again], start[again]
    spells = [(u[s < DAYS], s[s < DAYS], n[s < DAYS]) for u, s, n, _ in spells]
    user, start, paid = (np.concatenate(part) for part in zip(*spells, strict=True))
    order = np.lexsort((start, user))
    user, start, paid = user[order], start[order], paid[order] > 0
    end = start + np.where(paid, days[plan[user]], TRIAL_DAYS) - 1
    last = np.append(user[1:] != user[:-1], True) if user.size else np.zeros(0, dtype=bool)
    stated = last & (end < DAYS) & (stream.random(user.size) < 0.7)
    reason = np.where(stated, pick(stream, _REASONS_BY_PERSONA, user.size, persona[user]), -1)
    prices = np.array(membership.prices)
    return {
        "membership_id": block.first_id + np.arange(user.size),
        "user_id": block.first_user + user,
        "plan": coded(np.where(paid, plan[user], 0), [name for name, _ in PLANS]),
        "start": FIRST_DAY + start,
        "end": FIRST_DAY + end,
        "price_cny": np.where(paid, prices[plan[user]], 0.0),
        "trial": ~paid,
        "auto_renew": paid & (stream.random(user.size) < 0.6),
        "cancel_reason": coded(reason, _REASONS),
    }


def _only_trial(share: float, paying: np.ndarray, able: np.ndarray) -> float:
    """Probability that a user who is able to starts a trial without paying later, so that `share` of all users try."""
    return max(share - paying.mean(), 0.0) / max(able.mean(), 1e-9)
