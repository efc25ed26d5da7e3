"""Parameters of what ties users to the firm and to each other: invitations, groups, streaks, points, messages, creators."""

from __future__ import annotations

from dataclasses import dataclass

from opscourse.company.known import known

__all__ = ["Community", "Creator", "Message", "Point", "Referral", "Streak"]


@dataclass(frozen=True)
class Referral:
    """Invitations of friends (TP10, Q42)."""

    sent: float = known(0.9, "mean invitations of a user who took a code", lesson=13)
    spread: float = known(0.6, "size parameter of their negative binomial distribution, before the ladder", lesson=13)
    acceptance: float = known(0.22, "share of invitations whose friend registers", lesson=13)
    steps: tuple[int, ...] = known((3, 5), "invitations at which the ladder pays", lesson=13)
    rewards: tuple[float, ...] = known((15.0, 40.0), "what it pays there", unit="CNY", lesson=13)
    bunching: float = known(0.4, "share of users one short of a step who go on to it", lesson=13, varies=(0.35, 0.45))
    opened: float = known(0.45, "share of invitations that are opened", lesson=13)
    cycle: float = known(6.0, "mean time from an invitation to the registration", unit="days", lesson=13)
    anyway: float = known(0.30, "share of invited users who would have come anyway", lesson=13, varies=(0.25, 0.32))


@dataclass(frozen=True)
class Community:
    """Groups of users on WeChat (TP27, Q44)."""

    groups: int = known(60, "groups, at 20,000 users", lesson=20)
    members: int = known(4_000, "members of all groups, at 20,000 users", lesson=20)
    messages: int = known(100_000, "expected messages in them, without what the routine adds, at 20,000 users", lesson=20)
    tail: float = known(1.1, "tail of how much members write (Pareto); smaller is more uneven", lesson=20)
    news: float = known(
        1.6, "messages from 9 to 10 on a day with the morning news", unit="factor", lesson=20, varies=(1.5, 1.7)
    )
    live: float = known(
        2.4, "messages from 20 to 21 on a Wednesday with live questions", unit="factor", lesson=20, varies=(2.2, 2.6)
    )
    done: float = known(0.8, "share of the planned steps that are done", lesson=20)
    liveliness: float = known(0.4, "spread of how lively groups are (log-normal)", lesson=20)
    chosen: float = known(0.7, "correlation of a group's liveliness with its getting the routine", lesson=20)
    mood: float = known(0.15, "mean sentiment", unit="-1 to 1", lesson=20)
    mood_spread: float = known(0.10, "standard deviation of a group's weekly sentiment", lesson=20)
    mood_memory: float = known(0.4, "its correlation from week to week", lesson=20)
    voices: float = known(
        0.03, "what a voices meeting adds to sentiment in the four weeks after it", lesson=20, varies=(0.02, 0.04)
    )


@dataclass(frozen=True)
class Streak:
    """Check-ins and the badge for seven in a row (TP26, Q43)."""

    start: tuple[float, ...] = known(
        (0.11, 0.07, 0.05, 0.08), "probability of a first check-in on a visit, by persona", lesson=20
    )
    going: tuple[float, ...] = known(
        (0.62, 0.66, 0.70, 0.74, 0.78, 0.90), "probability of going on after 1, 2, ... 6 in a row", lesson=20
    )
    settled: float = known(0.80, "probability of going on after 8 or more in a row", lesson=20)
    badge_drop: float = known(0.20, "relative fall of it right after the badge", lesson=20, varies=(0.16, 0.25))


@dataclass(frozen=True)
class Point:
    """The points programme (TP25)."""

    checkin: int = known(5, "points for a check-in", unit="points", lesson=24)
    order: float = known(1.0, "points a CNY paid", unit="points", lesson=24)
    gift: int = known(200, "points given on the day of an order that is paid with points", unit="points", lesson=24)
    months: int = known(6, "points expire at the end of so many months after the one they were earned in", lesson=24)
    worth: float = known(0.01, "what a point takes off an order", unit="CNY", lesson=24)
    breakage: float = known(0.22, "share of the points due that expire unused", lesson=24, varies=(0.20, 0.24))


@dataclass(frozen=True)
class Message:
    """Mail, push and texts to users who agreed (TP14)."""

    sample: int = known(3, "the table has every so-many-th user", lesson=23)
    price: tuple[float, ...] = known((0.004, 0.05, 0.0, 0.0), "what an email, sms, push, wecom costs", unit="CNY", lesson=23)
    weekly: tuple[float, ...] = known(
        (0.86, 0.07, 0.03, 0.02, 0.0, 0.02), "shares of user-weeks with 0, 1, ... newsletters", lesson=23
    )
    opened: tuple[float, ...] = known(
        (0.24, 0.34, 0.14, 0.46), "probability that email, sms, push, wecom is opened, without earlier contacts", lesson=23
    )
    fatigue: float = known(
        0.06, "relative fall of that probability for each contact in the 7 days before", lesson=23, varies=(0.05, 0.07)
    )
    subject: float = known(0.12, "relative gain in opens by subject line b of the newsletter", lesson=23, varies=(0.10, 0.15))
    clicked: float = known(
        0.6, "share of opened messages that are followed, if the user comes on one of the next days", lesson=23
    )
    unsubscribed: float = known(0.004, "probability of unsubscribing, without earlier contacts", lesson=23)
    annoyance: float = known(0.35, "relative rise of it for each contact in the 7 days before", lesson=23, varies=(0.3, 0.4))
    holdout: float = known(0.25, "share of win-back messages kept back at random", lesson=25)
    quiet: tuple[int, ...] = known(
        (3, 5, 7, 10, 14), "days without a visit after which one may be sent", unit="days", lesson=25
    )
    returns: tuple[float, ...] = known(
        (0.003, 0.006, 0.010, 0.021, 0.008), "what it adds to the share who come back in 14 days, by those days", lesson=25
    )


@dataclass(frozen=True)
class Creator:
    """Creators and what working with them brings (TP09, Q21)."""

    panel: int = known(20, "KOCs of the panel, who all convert alike", lesson=13)
    panel_clicks: int = known(100, "clicks that each of them sent", lesson=13)
    panel_rate: float = known(0.12, "orders a click of each of them", lesson=13)
    rate_a: float = known(6.0, "first parameter of the Beta of all others' conversion", lesson=13)
    rate_b: float = known(44.0, "second parameter of the same Beta", lesson=13)
    fake: float = known(0.22, "share of creators who bought followers", lesson=13)
    shortfall: float = known(0.15, "share of contracts with a guarantee that fall short of it", lesson=13, varies=(0.12, 0.18))
    refunded: float = known(0.08, "share of sales that are given back", lesson=13)
    commission: float = known(0.20, "share of sales, less what is given back, that the platform pays us", lesson=13)
