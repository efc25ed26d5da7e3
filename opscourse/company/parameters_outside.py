"""What happens around the company: what goes wrong, who has which rights, rivals, markets, app stores, ad auctions."""

from __future__ import annotations

from dataclasses import dataclass

from opscourse.company.known import known

__all__ = ["Access", "AppStore", "Auction", "Backup", "Creative", "Crisis", "History", "Incident", "Market", "Mention"]


@dataclass(frozen=True)
class Incident:
    """What went wrong, and how long it took (TP31)."""

    incidents: int = known(60, "incidents over the whole calendar, the planted days of `anomaly` included", lesson=29)
    estimate: float = known(
        0.15, "standard deviation of the logarithm of a frequency in the risk register around the true one", lesson=29
    )
    detect_median: float = known(60.0, "median time until an incident is noticed", unit="minutes", lesson=29)
    monitoring: str = known("2025-01-01", "first day of automatic alarms", lesson=29)
    monitored: float = known(
        0.35, "what the alarms do to the time until an incident is noticed", unit="factor", lesson=29, varies=(0.3, 0.4)
    )
    respond_median: float = known(25.0, "median time from there until somebody works on it", unit="minutes", lesson=29)
    recover_median: float = known(150.0, "median time from there until it works again", unit="minutes", lesson=29)


@dataclass(frozen=True)
class Backup:
    """Nightly backups, and whether they can be restored."""

    failed: float = known(0.03, "share of nightly backups that are not usable", lesson=29)
    rehearsed: float = known(0.12, "share of usable backups whose restore is rehearsed", lesson=29)
    restorable: float = known(0.85, "share of rehearsed restores that work", lesson=29, varies=(0.80, 0.90))
    restore_median: float = known(3.0, "median time that a restore takes", unit="hours", lesson=29)
    rpo_target: float = known(25.0, "promise: at most so much work is lost", unit="hours", lesson=29)
    rto_target: float = known(4.0, "promise: everything works again after at most this time", unit="hours", lesson=29)


@dataclass(frozen=True)
class Access:
    """Who may do what, who does it, and who clicks on a false mail (TP32)."""

    employees: int = known(140, "logins: `login_id` is 1 to this number", lesson=29)
    start: str = known("2025-04-01", "first day of the audited quarter; its last one is that of the calendar", lesson=29)
    accesses: int = known(30_000, "accesses in it, refused ones included", lesson=29)
    unused: float = known(0.28, "share of grants that nobody used in it", lesson=29)
    refused: int = known(240, "attempts without a grant that were refused", lesson=29)
    violations: int = known(35, "accesses without a grant that went through", lesson=29)
    violators: int = known(9, "people behind them", lesson=29)
    second_factor: float = known(
        0.93, "share of accesses with a second factor where one is required", lesson=29, varies=(0.90, 0.95)
    )
    drills: tuple[str, ...] = known(
        ("2024-03-14", "2024-06-20", "2024-09-12", "2024-12-10", "2025-03-18"),
        "days of the drills with a false mail",
        lesson=29,
    )
    click: float = known(0.32, "probability of clicking in the first drill", lesson=29)
    learned: float = known(0.25, "fall of that probability from drill to drill", lesson=29, varies=(0.22, 0.28))
    report: float = known(0.25, "probability of reporting the mail in the first drill; it grows as clicking falls", lesson=29)


@dataclass(frozen=True)
class Mention:
    """What the public says about the company in an ordinary hour, at 20,000 users."""

    positive: float = known(2.0, "mean positive mentions", unit="an hour", lesson=7)
    neutral: float = known(2.6, "mean neutral mentions", unit="an hour", lesson=7)
    negative: float = known(0.8, "mean negative mentions, incidents and crises apart", unit="an hour", lesson=7)
    brand: float = known(0.35, "share of the neutral mentions that follows the spend of brand campaigns", lesson=12)
    brand_half_life: float = known(
        7.0, "time in which what a day's brand spend does falls by half", unit="days", lesson=12, varies=(5.0, 9.0)
    )
    complaints: float = known(0.5, "share of these that follows the complaints of the month, not activity", lesson=26)
    incident: float = known(0.1, "negative mentions for each user hit by an incident", lesson=7)
    fade: float = known(5.0, "time in which talk about an incident falls to 37%", unit="hours", lesson=7)
    bargain: float = known(0.2, "positive mentions for each user who saw a wrong price", lesson=7)


@dataclass(frozen=True)
class Crisis:
    """Five storms of negative posts, and what answering does to them (TP31)."""

    onsets: tuple[str, ...] = known(
        ("2024-04-16T10", "2024-07-23T20", "2024-10-10T11", "2025-01-08T14", "2025-05-21T10"), "first hours", lesson=29
    )
    causes: tuple[str, ...] = known(
        ("a wrong price", "a coach's remark", "a wrong price", "rumour of a data leak",
         "a wrong price"),
        "what it was about", lesson=29,
    )  # fmt: skip
    response_h: tuple[int, ...] = known((26, 4, 12, 30, 5), "time until the company answered", unit="hours", lesson=29)
    apologies: tuple[bool, ...] = known((False, True, True, False, True), "whether the answer was an apology", lesson=29)
    audience: float = known(400.0, "people who may post about a crisis, at 20,000 users", lesson=29)
    seeds: float = known(3.0, "posts that people see in the first hour", lesson=29)
    spread: float = known(
        0.55, "new posts an hour for each post that people see, while nobody has posted yet", lesson=29, varies=(0.52, 0.60)
    )
    fade: float = known(0.25, "share of posts that are out of sight an hour later", lesson=29)
    response: float = known(0.30, "fall of the spread once the company has answered", lesson=29)
    in_time: int = known(6, "an apology works within this time", unit="hours", lesson=29)
    apology: float = known(0.5, "further fall of the spread after an apology in time", lesson=29)


@dataclass(frozen=True)
class Market:
    """The home market and the firms in it (TP22)."""

    population: float = known(400.0, "people who could take part at home", unit="million", lesson=8)
    penetration: tuple[float, float] = known((0.040, 0.088), "share of them who did in 2023 and in 2024", lesson=8)
    ceiling: float = known(0.30, "share that it will not pass: a logistic curve from 2024 on", lesson=8)
    size: float = known(1.20, "home market in 2023", unit="bn USD", lesson=8)
    growth: float = known(0.80, "its growth from 2023 to 2024", lesson=8)
    spend_trend: float = known(-0.05, "yearly change of spend per participant from 2024 on", lesson=30, varies=(-0.07, -0.03))
    shares: tuple[float, ...] = known((0.28, 0.19, 0.13), "market shares of X, Y, Z in the last quarter", lesson=8)
    concentration: float = known(0.008, "growth of the three shares from quarter to quarter", lesson=8, varies=(0.005, 0.010))
    cny_per_usd: float = known(7.2, "exchange rate", unit="CNY per USD", lesson=8)
    lead: float = known(0.35, "by how much Jiadong's retention is higher than the mean of its rivals'", lesson=8)
    prices: tuple[float, ...] = known((30.0, 28.0, 22.0), "list prices of X, Y, Z", unit="CNY a month", lesson=25)
    cut_from: str = known("2025-02-10", "first week of Y's price cut; Jiadong's own sales do not feel it", lesson=25)
    cut_weeks: int = known(6, "its length", unit="weeks", lesson=25)
    cut: float = known(0.30, "its depth", lesson=25, varies=(0.25, 0.35))


@dataclass(frozen=True)
class History:
    """A stylised history of the country's internet users (lesson 1)."""

    ceiling: float = known(1_100.0, "users in the long run", unit="million", lesson=1, varies=(1_050.0, 1_150.0))
    inflection: int = known(2010, "year of the fastest growth", lesson=1)
    steepness: float = known(0.33, "slope of the logistic curve", unit="a year", lesson=1, varies=(0.32, 0.36))
    minutes: float = known(270.0, "minutes a day and user in the long run", unit="minutes", lesson=1)
    stages: tuple[int, ...] = known((1998, 2005, 2011), "last years of the first three stages in the essay", lesson=1)


@dataclass(frozen=True)
class AppStore:
    """Four app stores: what makes a listing seen and installed, and what reviews tell (FL15)."""

    installs: float = known(40.0, "installs a day by people who found the app in a store, at 20,000 users", lesson=21)
    shares: tuple[float, ...] = known((0.42, 0.22, 0.16, 0.20), "shares of the stores in them", lesson=21)
    view: float = known(0.08, "page views an impression", lesson=21)
    install: float = known(0.28, "installs a page view, with the first title", lesson=21)
    titles: tuple[str, ...] = known(
        ("2024-10-15", "2024-10-15", "2025-02-18", ""),
        "first day of the second title, by store; the last keeps the first",
        lesson=21,
    )
    title_rank: float = known(0.70, "what the second title does to the rank", unit="factor", lesson=21)
    title_install: float = known(1.10, "what it does to installs a page view", unit="factor", lesson=21, varies=(1.08, 1.15))
    rank_effect: float = known(0.5, "impressions fall as the rank to this power", lesson=21)
    rating_effect: float = known(0.25, "fall of the rank's logarithm for each star more on show", lesson=21)
    featured: float = known(2.0, "further impressions on the first day of a placement by the editors", unit="factor", lesson=21)
    featured_days: float = known(3.0, "time in which that falls to 37%", unit="days", lesson=21)
    reviews: int = known(5_000, "reviews over the whole calendar, at 20,000 users", lesson=21)
    stars: tuple[float, ...] = known(
        (0.07, 0.10, 0.18, 0.33, 0.32), "what all users would give, 1 to 5 stars: shares", lesson=21
    )
    voices: tuple[float, ...] = known(
        (3.0, 1.4, 0.6, 0.8, 1.5), "how much likelier each of them writes without a reward, relative", lesson=21
    )
    reward: tuple[str, str] = known(
        ("2024-09-01", "2025-01-31"), "first and last day on which five stars were rewarded", lesson=21
    )
    rewarded: float = known(0.60, "share of rewarded reviews in that time", lesson=21)
    bought: float = known(
        0.75, "share of rewarded reviews that give five stars whatever is felt", lesson=21, varies=(0.70, 0.80)
    )
    refunds: tuple[float, ...] = known(
        (0.30, 0.20, 0.09, 0.03, 0.015), "probability of a refund later, by the stars that are felt", lesson=21
    )


@dataclass(frozen=True)
class Auction:
    """A trial of own bidding on an ad exchange (lesson 12)."""

    auctions: int = known(50_000, "auctions of the trial, at 20,000 users or more", lesson=12)
    optimism: float = known(
        0.70, "conversions a click, relative to what the model says", unit="factor", lesson=12, varies=(0.66, 0.74)
    )
    segments: tuple[float, ...] = known(
        (0.75, 0.90, 1.15, 1.10, 1.25), "the same by segment, relative to that: retargeted, lookalike, interest, local, broad",
        lesson=12,
    )  # fmt: skip
    clicks: float = known(1.0, "clicks an impression, relative to what the model says", unit="factor", lesson=12)
    rivals: float = known(0.9, "median of the highest other bid, relative to the mean of ours", unit="factor", lesson=12)


@dataclass(frozen=True)
class Creative:
    """Creatives of the campaigns, and how users tire of them (lesson 21)."""

    half_life: float = known(
        24.0, "time in which a creative's clicks an impression halve", unit="days", lesson=21, varies=(20.0, 28.0)
    )
    spread: float = known(0.30, "spread of how much creatives appeal (log-normal)", lesson=21)
    every: float = known(36.0, "time from one new creative of a campaign to the next", unit="days", lesson=21)
    life: float = known(75.0, "time that a creative is in use", unit="days", lesson=21)
