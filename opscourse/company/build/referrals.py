"""Who invites whom, and what the ladder of rewards does to it (TP10)."""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np

from opscourse.company.build.calendar import DAYS
from opscourse.company.build.people import DAY, stamp
from opscourse.company.build.quota import second_of_day
from opscourse.company.parameters_relations import Referral
from opscourse.company.tables.relations import STEPS
from opscourse.company.world import Block, Columns, builds, coded, filled, optional

__all__ = ["sending"]

_MOST = 40  # invitations of one user
_VISIT = 1_200  # seconds before the registration: whoever is invited in them was already there
_ACTIVATED = 7  # days after registration in which a class has to be finished


def sending(known: Referral) -> np.ndarray:
    """Share of users with a code by the number of invitations they send: negative binomial, bunched at the ladder's steps."""
    k = np.arange(1, _MOST + 1)
    p = known.sent / (known.sent + known.spread)
    share = np.cumprod(np.concatenate([[(1 - p) ** known.spread], (k - 1 + known.spread) / k * p]))
    for step in known.steps:
        moved = known.bunching * share[step - 1]
        share[step - 1] -= moved
        share[step] += moved
    share[1:] *= known.sent / (share[1:] @ k)
    share[0] = 1 - share[1:].sum()
    return share


def solved(rising: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Where a rising function reaches the target, between two places; the nearer one if it does not."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return low


@builds("_codes")
def codes(block: Block) -> Columns:
    """For each user who took a code: invitations sent and accepted. As many take one as the accepted ones call for.

    Who was invited by whom is known already, so what each inviter sent is drawn given how often it worked (Bayes' rule).
    """
    stream = block.stream("_codes")
    known = block.parameters.referral
    inviter = _inviter(block)
    accepted = np.bincount(inviter[inviter >= 0], minlength=block.size)
    holders = round(int(accepted.sum()) / (known.sent * known.acceptance))
    left = np.diff(np.rint(np.cumsum(sending(known)) * holders), prepend=0.0)
    inviters = np.flatnonzero(accepted)
    sent = accepted.copy()
    for user in inviters[np.argsort(-accepted[inviters], kind="stable")]:
        worked = int(accepted[user])
        weight = left * [
            comb(n, worked) * known.acceptance**worked * (1 - known.acceptance) ** (n - worked) for n in range(_MOST + 1)
        ]
        if weight.any():
            sent[user] = stream.choice(_MOST + 1, p=weight / weight.sum())
            left[sent[user]] -= 1
    idle = stream.permutation(np.flatnonzero(accepted == 0))[: max(holders - inviters.size, 0)]
    sent[idle] = stream.permutation(np.repeat(np.arange(_MOST + 1), left.astype(int)))[: idle.size]
    user = np.sort(np.concatenate([inviters, idle]))
    return {"user": user, "sent": sent[user], "accepted": accepted[user]}


def _inviter(block: Block) -> np.ndarray:
    """Position of each user's inviter in the block; negative: none."""
    return block["users"]["inviter_id"].fill_null(-1).to_numpy(zero_copy_only=False) - block.first_user


def _registered(block: Block) -> np.ndarray:
    """When each user registered, in seconds since the first moment of the calendar."""
    return block["_signups"]["day"] * DAY + block["_signups"]["second"]


@builds("_invitations")
def invitations(block: Block) -> Columns:
    """One row an invitation, in order of time: who sent it, when, and who came (-1: nobody)."""
    stream = block.stream("_invitations")
    held, days, inviter = block["_codes"], block["_days"], _inviter(block)
    came = np.flatnonzero(inviter >= 0)
    user = np.repeat(held["user"], held["sent"] - held["accepted"])
    first = np.searchsorted(days["user"], np.arange(block.size + 1))
    row = first[user] + (stream.random(user.size) * (first[user + 1] - first[user])).astype(np.int64)
    second = days["day"][row].astype(np.int64) * DAY + second_of_day(block, stream, row)
    sender = np.concatenate([inviter[came], user])
    second = np.concatenate([_worked(block, stream, inviter[came], came), second])
    friend = np.concatenate([came, np.full(user.size, -1)])
    order = np.argsort(second, kind="stable")
    return {"user": sender[order], "second": second[order], "friend": friend[order]}


def _worked(block: Block, stream: np.random.Generator, inviter: np.ndarray, friend: np.ndarray) -> np.ndarray:
    """When the invitations that worked were sent: before the friend's first visit, or after it if they came anyway."""
    known, seen, registered = block.parameters.referral, block["_first_seen"], _registered(block)
    early = seen["early"][friend]
    longest = (registered[friend] - registered[inviter]).astype(float)
    looked = np.where(early, registered[friend] - seen["second"][friend], _VISIT).astype(float)
    turn = stream.random(friend.size) - (looked >= longest)  # first those whose inviter came after their first visit
    turn[~early] = 2
    anyway = np.zeros(friend.size, dtype=bool)
    anyway[np.argsort(turn)[: min(round(known.anyway * friend.size), int(early.sum()))]] = True
    longest = np.where(anyway, np.minimum(longest, looked - 60), longest)
    shortest = np.minimum(np.where(anyway, _VISIT, looked + 60), longest)
    luck = stream.random(friend.size)

    def delay(mean: float) -> np.ndarray:
        return shortest - mean * np.log1p(-luck * -np.expm1(-(longest - shortest) / mean))

    mean = solved(lambda mean: delay(mean).mean() if luck.size else 0.0, known.cycle * DAY, DAY / 4, 100 * DAY)
    return registered[friend] - delay(mean).astype(np.int64)


@builds("referral_codes")
def referral_codes(block: Block) -> Columns:
    """One row a user who took a code: on the day of registration, before the first invitation."""
    stream = block.stream("referral_codes")
    user, sent = block["_codes"]["user"], block["_invitations"]
    registered = _registered(block)
    until = np.full(block.size, DAYS * DAY)
    np.minimum.at(until, sent["user"], sent["second"])
    begin = registered[user]
    until = np.minimum(until[user], (begin // DAY + 1) * DAY - 1)
    return {
        "user_id": block.first_user + user,
        "taken_ts": stamp(begin + (stream.random(user.size) * (until - begin)).astype(np.int64)),
    }


@builds("referrals")
def referrals(block: Block) -> Columns:
    """One row an invitation, in order of time."""
    stream = block.stream("referrals")
    known, sent, days = block.parameters.referral, block["_invitations"], block["_days"]
    user, friend = sent["user"], sent["friend"]
    opened = stream.random(user.size) < (known.opened - known.acceptance) / (1 - known.acceptance)
    finished = np.bincount(days["user"], days["classes"] * (days["age"] < _ACTIVATED), minlength=block.size) > 0
    step = np.where(friend < 0, opened, 2 + finished[friend])
    turn = np.argsort(user, kind="stable")
    counts = np.bincount(user, minlength=block.size)
    number = np.empty(user.size, dtype=np.int64)
    number[turn] = filled(np.ones(block.size, dtype=np.int64), counts)
    return {
        "referral_id": block.first_id + np.arange(user.size),
        "inviter_id": block.first_user + user,
        "ts": stamp(sent["second"]),
        "invitee_id": optional(block.first_user + friend, friend >= 0),
        "step": coded(step, STEPS),
        "reward_cny": np.select([number == at for at in known.steps], known.rewards, 0.0),
    }
