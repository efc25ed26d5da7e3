"""The truth: every number the simulator works from, in one documented object.

`Parameters()` is Jiadong as shipped; `truth("lifetime.dropout_a")` reads one of its numbers. A field with a range in `varies`
is drawn within it when a variant of the company is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any
from zlib import crc32

import numpy as np

from opscourse.company.known import known
from opscourse.company.parameters_money import Cloud, Corporate, Lines, Money, Partner, PriceTest, Shelf, Stock
from opscourse.company.parameters_outside import (
    Access,
    AppStore,
    Auction,
    Backup,
    Creative,
    Crisis,
    History,
    Incident,
    Market,
    Mention,
)
from opscourse.company.parameters_relations import Community, Creator, Message, Point, Referral, Streak
from opscourse.company.parameters_search import Search
from opscourse.company.parameters_work import Decision, EnterpriseApp, Flow, Goals, Jobs, OpsWork, Release, Staff

__all__ = [
    "Anomaly", "Arrival", "Checkout", "Content", "Coupon", "Dirt", "Feedback", "Freshness", "Lifetime", "Membership",
    "Parameters", "Patience", "Persona", "Presence", "Purchase", "Quality", "Service", "Source", "Survey",
    "varied",
]  # fmt: skip


@dataclass(frozen=True)
class Lifetime:
    """How long users stay and how often they come (TP01)."""

    dropout_a: float = known(
        0.703, "first parameter of the Beta that each user's daily dropout probability is drawn from", lesson=4
    )
    dropout_b: float = known(6.834, "second parameter of the same Beta", lesson=4)
    active: float = known(0.331, "probability that a user who has not dropped out is active on a day", lesson=4)


@dataclass(frozen=True)
class Quality:
    """Touchpoints and the programme that probes them (TP16, TP17)."""

    pain_points: int = known(12, "touchpoints of the 46 that really hurt", lesson=9)
    green_pains: int = known(4, "of these, touchpoints that pass nearly every probe", lesson=9)
    score_noise: float = known(5.0, "standard error of a measured experience score", unit="points", lesson=9)
    stage_weights: tuple[float, ...] = known(
        (0.15, 0.20, 0.35, 0.20, 0.10), "weights of the five stages in the index, from awareness to unsubscribe", lesson=9
    )
    failure: float = known(
        0.14, "share of probes failed before the new system, in cities without it", lesson=9, varies=(0.14, 0.18)
    )
    trend: float = known(0.05, "fall of that share from half-year to half-year in all cities", lesson=9, varies=(0.04, 0.055))
    effect: float = known(0.04, "further fall that the new system causes where it works", lesson=9, varies=(0.035, 0.045))
    start: str = known("2025-01-01", "first day of the new system in the treated cities", lesson=9)
    first_wave: str = known("2024-10-14", "first day of the first published wave", lesson=9)
    second_wave: str = known("2025-04-14", "first day of the second published wave", lesson=9)
    wave_probes: int = known(92, "probes in each published wave", lesson=9)
    first_passed: int = known(81, "probes passed in the first wave", lesson=9)
    second_passed: int = known(90, "probes passed in the second wave", lesson=9)


@dataclass(frozen=True)
class Arrival:
    """When users come and what becomes of visitors (TP02)."""

    growth: float = known(
        0.30, "growth of daily sign-ups from the first day of the calendar to the last", lesson=4, varies=(0.1, 0.5)
    )
    noise: float = known(0.10, "standard deviation of the logarithm of a day's sign-ups", lesson=7)
    weekend: float = known(1.12, "sign-ups on a Saturday or Sunday relative to a working day", unit="factor", lesson=7)
    steps: tuple[float, ...] = known(
        (0.85, 0.85, 0.40, 0.865),
        "share of new visitors who reach the registration page, then of each step: phone, profile, goal; together 25%",
        lesson=5,
    )
    earlier_visit: float = known(0.35, "share of users whose first visit lies days before the registration", lesson=3)
    second_device: float = known(0.34, "share of users with three active days or more who log in on a second device", lesson=3)
    hours: tuple[float, ...] = known(
        (6, 3, 2, 1, 1, 3, 14, 26, 24, 18, 17, 20, 32, 26, 18, 17, 18, 24, 34, 48, 62, 58, 38, 18),
        "weight of each hour of the day in visits",
        lesson=7,
    )

    @property
    def registered(self) -> float:
        """Share of new visitors who finish the registration."""
        return math.prod(self.steps)


@dataclass(frozen=True)
class Presence:
    """What users do on a day (TP01)."""

    weekday: tuple[float, ...] = known(
        (0.97, 0.96, 0.98, 0.97, 0.95, 1.08, 1.09), "activity by day of the week, Monday first; mean 1", lesson=4
    )
    sessions: tuple[float, ...] = known((2.3, 1.7, 1.8, 2.8), "mean sessions of an active day, by persona", lesson=19)
    classes: tuple[float, ...] = known((0.85, 0.35, 0.22, 0.30), "mean classes finished on it, by persona", lesson=19)
    minutes: tuple[float, ...] = known(
        (9.0, 5.0, 8.0, 16.0), "mean minutes beside classes, by persona", unit="minutes", lesson=19
    )
    features: tuple[float, ...] = known((3.4, 2.2, 2.6, 4.4), "mean number of different features used, by persona", lesson=19)
    class_minutes: float = known(21.0, "mean length of a class", unit="minutes", lesson=15)


@dataclass(frozen=True)
class Anomaly:
    """Fourteen days on which something else happened (TP35); none of them in the raw window."""

    outages: tuple[str, ...] = known(
        ("2024-05-22", "2024-09-05", "2024-12-19", "2025-02-11"), "days on which part of the tracking was down", lesson=7
    )
    outage: float = known(0.55, "activity that was recorded on such a day", unit="factor", lesson=7)
    waves: tuple[str, ...] = known(("2024-07-09", "2024-11-27", "2025-05-14"), "days on which scripts opened visits", lesson=7)
    wave: int = known(4, "further sessions of each active user on such a day", unit="sessions", lesson=7)
    campaigns: tuple[str, ...] = known(
        ("2024-06-12", "2024-08-08", "2024-10-23", "2025-01-15"), "days on which another firm's campaign sent users", lesson=7
    )
    campaign: float = known(1.28, "activity on such a day", unit="factor", lesson=7)
    price_errors: tuple[str, ...] = known(
        ("2024-04-16", "2024-10-10", "2025-05-21"), "days on which a product had a wrong price", lesson=7
    )
    price_error: float = known(1.18, "activity on such a day", unit="factor", lesson=7)
    price_error_orders: float = known(2.5, "orders on such a day, for each active user", unit="factor", lesson=7)


@dataclass(frozen=True)
class Persona:
    """The four hidden kinds of users (TP03): committed, busy, bargain, social."""

    names: tuple[str, ...] = known(("committed", "busy", "bargain", "social"), "the personas", lesson=19)
    shares: tuple[float, ...] = known((0.20, 0.45, 0.25, 0.10), "their shares", lesson=19)
    rank_correlation: float = known(
        0.55, "correlation of the persona's order with the rank of the dropout probability", lesson=25
    )
    elasticity: tuple[float, ...] = known((-0.8, -1.2, -2.6, -1.5), "price elasticity of demand", lesson=14)
    orders: tuple[float, ...] = known((1.25, 0.80, 1.10, 0.75), "orders a day of activity, relative to the mean", lesson=19)
    coupon: tuple[float, ...] = known((0.18, 0.25, 0.78, 0.35), "probability that an order uses a coupon", lesson=19)
    paying: tuple[float, ...] = known((2.8, 0.7, 0.25, 0.6), "propensity to pay for a membership, relative", lesson=24)
    taste: tuple[tuple[float, ...], ...] = known(
        (
            (1.2, 2.4, 1.6, 0.8, 0.3, 0.9, 0.5, 0.3),
            (1.4, 0.7, 0.9, 2.4, 0.4, 0.5, 1.3, 0.4),
            (0.8, 0.9, 1.8, 0.6, 0.8, 2.2, 0.4, 0.5),
            (0.8, 0.4, 0.7, 0.5, 2.8, 0.5, 0.4, 1.9),
        ),
        "mean taste for the eight topics, by persona (rows), relative",
        lesson=17,
    )


@dataclass(frozen=True)
class Purchase:
    """Orders in the shop (TP04, TP11)."""

    rate: float = known(0.0385, "mean orders on a day of activity, before the factors below", lesson=19)
    spread: float = known(0.9, "standard deviation of the logarithm of a user's own order rate", lesson=19, varies=(0.8, 1.0))
    welcome: float = known(
        1.6, "extra orders on the first day (as a factor beyond 1); fades with the next parameter", lesson=11
    )
    welcome_days: float = known(6.0, "days in which that extra falls to 37%", unit="days", lesson=11)
    lines: float = known(1.56, "mean lines of an order", lesson=14)
    paid: float = known(0.95, "share of orders whose payment goes through", lesson=5)
    refunded: float = known(0.045, "share of paid orders that are refunded later", lesson=14)
    double11: float = known(5.0, "orders on 2024-11-11 relative to a normal day", unit="factor", lesson=14, varies=(4.0, 6.0))
    pulled_forward: float = known(
        0.40, "share of the extra orders of Double 11 that are missing in the 14 days after it", lesson=14, varies=(0.3, 0.5)
    )
    nodes: dict[str, float] = known(  # noqa: RUF009 - known() makes a new dict for each instance
        {
            "Consumer Rights Day": -0.06, "618": 0.5, "Double 12": 0.35, "Women's Day": 0.25, "Dragon Head": 0.15,
            "Spring Festival": -0.35, "shopping": 0.2, "international": 0.05,
        },
        "what a node does to orders on its day, by name or by kind (relative)",
        lesson=16,
    )  # fmt: skip


@dataclass(frozen=True)
class Checkout:
    """The way from the product list to the payment, and the launch of 2025-04-01 in some cities (TP04)."""

    steps: tuple[float, ...] = known(
        (0.45, 0.22, 0.30), "list to detail, detail to cart, cart to payment; in one visit", lesson=5
    )
    launch: str = known("2025-04-01", "first day of the new checkout in the cities of `cities.checkout_treated`", lesson=5)
    saved_address: float = known(
        1.13, "what the saved address does to cart-to-payment", unit="factor", lesson=5, varies=(1.08, 1.16)
    )
    timed_discount: float = known(1.08, "what the timed discount does to it", unit="factor", lesson=5, varies=(1.04, 1.12))
    basket: float = known(0.96, "what both do to the gross value of an order", unit="factor", lesson=5)
    season: float = known(0.982, "traffic in April 2025 relative to March, without the launch", unit="factor", lesson=5)


@dataclass(frozen=True)
class Patience:
    """How long a visitor waits for the first page (TP20)."""

    shape: float = known(2.0, "shape of the Weibull distribution of patience", lesson=10)
    scale: float = known(5.593, "its scale: a quarter has gone after 3 seconds", unit="seconds", lesson=10)
    load_median: float = known(1.15, "median time until the first page can be used", unit="seconds", lesson=10)
    load_spread: float = known(0.62, "standard deviation of its logarithm", lesson=10)


@dataclass(frozen=True)
class Source:
    """Where visits come from in the raw window (TP08)."""

    returning: float = known(0.24, "share of visits of known users that follow a contact in a channel", lesson=12)
    new: float = known(0.90, "share of visits of unknown devices that do", lesson=12)
    dy: float = known(0.38, "share of Douyin in visits with a source, by last click", lesson=12)
    xhs: float = known(0.27, "share of Xiaohongshu in them", lesson=12)
    dy_incremental: float = known(0.28, "share of orders that would not have come without Douyin", lesson=12)
    xhs_incremental: float = known(0.20, "share of orders that would not have come without Xiaohongshu", lesson=12)
    seen: float = known(2.6, "mean contacts seen, not clicked, in the week before a click", lesson=12)


@dataclass(frozen=True)
class Membership:
    """Trials and paid spells (TP15)."""

    paid_before: float = known(0.030, "share of users who pay within 60 days of signing up, January to April 2024", lesson=24)
    paid_after: float = known(0.032, "the same a year later", lesson=24)
    trial: float = known(0.125, "share of users who start a free trial", lesson=24)
    plans: tuple[float, ...] = known((0.62, 0.25, 0.13), "shares of the plans month, quarter, year", lesson=24)
    prices: tuple[float, ...] = known((25.0, 68.0, 218.0), "their prices", unit="CNY", lesson=11)
    renewed: tuple[float, ...] = known(
        (0.88, 0.82, 0.66, 0.74), "probability of renewing while still alive, by persona", lesson=25
    )


@dataclass(frozen=True)
class Coupon:
    """The coupon test of spring 2025: whom a coupon moves (lesson 19)."""

    cost: float = known(15.0, "what one used coupon costs", unit="CNY", lesson=19)
    recent: int = known(90, "a buyer whose last paid order is at most this old is not at risk", unit="days", lesson=19)
    often: int = known(3, "a buyer with at least this many paid orders buys anyway", unit="orders", lesson=19)
    at_risk: float = known(0.05, "relative gain in buyers at risk", lesson=19)
    persuadable: float = known(1.00, "relative gain in recent buyers with few orders", lesson=19, varies=(0.7, 2.4))
    sure: float = known(0.02, "relative gain in recent buyers with many orders", lesson=19, varies=(0.0, 0.06))


@dataclass(frozen=True)
class Dirt:
    """The defects of `load(..., dirty=True)` (TP36)."""

    duplicates: float = known(0.015, "share of events that were sent twice", lesson=3)
    skewed: float = known(0.008, "share of events from devices whose clock is wrong by hours", lesson=3)
    bots: float = known(0.02, "share of events that are made by bots", lesson=3)
    late: float = known(0.03, "share of events that arrive out of order, days late", lesson=3)
    dated: float = known(0.12, "share of events whose name carries a date", lesson=3)
    broken_utm: float = known(0.04, "share of tagged visits and contacts whose UTM tag is broken", lesson=12)


@dataclass(frozen=True)
class Content:
    """What decides how content is seen (TP11, TP12)."""

    novelty_half_life: float = known(9.0, "time in which an item's daily impressions halve", unit="days", lesson=15)
    click_rate: float = known(0.006, "clicks to the app a view, of an average item", lesson=15)
    click_to_order: float = known(0.03, "orders within a day, of such clicks", lesson=15)
    international_uplift: float = known(0.18, "gain in impressions on an international day", lesson=16)
    solar_term_uplift: float = known(0.06, "gain on the first day of a solar term", lesson=16)
    shopping_uplift: float = known(0.30, "gain on a shopping day", lesson=16)
    niche_uplift: float = known(0.04, "gain on a niche day", lesson=16)
    consumer_uplift: float = known(0.25, "gain on Consumer Rights Day", lesson=16, varies=(0.20, 0.35))
    traditional_uplift: float = known(0.35, "gain on a lunar festival, on its true date", lesson=16, varies=(0.30, 0.45))
    keyword_gain: float = known(2.0, "how much stronger a node works on an item with its keyword", lesson=16)
    hold: dict[str, float] = known(  # noqa: RUF009 - known() makes a new dict for each instance
        {"scene": 0.70, "question": 0.63, "benefit": 0.57, "none": 0.46},
        "share of views that last 3 seconds, by how the item opens",
        lesson=16,
    )
    firm_spread: float = known(0.75, "spread of interest in the firm's own courses (log-normal)", lesson=15)
    user_tail: float = known(
        1.0, "tail of interest in courses by users and influencers (Pareto); smaller is more uneven", lesson=15
    )
    browsed: float = known(0.35, "mean number of courses looked into on an active day, beside those finished", lesson=15)
    booking: float = known(0.24, "share of active days on which a user thinks of booking a live class", lesson=15)
    booked_ahead: tuple[float, ...] = known(
        (0.62, 0.24, 0.14),
        "shares of bookings for today, tomorrow, the day after",
        lesson=15,
        varies=((0.62, 0.24, 0.14), (0.37, 0.40, 0.23)),
    )
    shows_up: float = known(0.84, "probability that a booked user who is there on that day joins", lesson=15)

    def node_uplift(self) -> dict[str, float]:
        """The gain of a day by the kind of its node."""
        return {name.removesuffix("_uplift"): value for name, value in vars(self).items() if name.endswith("_uplift")}


@dataclass(frozen=True)
class Service:
    """Requests to customer service (TP18, TP19)."""

    tickets: int = known(9_000, "tickets over the whole calendar, at 20,000 users", lesson=26)
    first_month: str = known("2024-10", "month of the first published share of quality complaints", lesson=26)
    first_complaints: int = known(280, "complaints in that month, at 20,000 users", lesson=26)
    first_quality: int = known(90, "of these, about quality", lesson=26)
    second_month: str = known("2025-04", "month of the second published share", lesson=26)
    second_complaints: int = known(530, "complaints in that month, at 20,000 users", lesson=26)
    second_quality: int = known(80, "of these, about quality", lesson=26)
    response_median: float = known(60.0, "median time until a person answers, before triage", unit="minutes", lesson=26)
    response_sigma: float = known(1.1, "standard deviation of the logarithm of that time", lesson=26)
    triage_start: str = known("2025-02-01", "first day of triage", lesson=26)
    triage_mean: float = known(0.40, "what triage takes off the mean", lesson=26, varies=(0.35, 0.45))
    triage_median: float = known(0.08, "what triage takes off the median", lesson=26)
    handling: float = known(15.0, "mean time that one ticket takes an agent", unit="minutes", lesson=26)
    special: float = known(0.20, "share of tickets that need individual treatment", lesson=26)
    bot_start: str = known("2024-09-01", "first day of the bot", lesson=26)
    bot_share: float = known(0.35, "share of simple requests that the bot keeps for itself", lesson=26)
    bot_csat_loss: float = known(0.6, "what that costs in satisfaction", unit="points of 5", lesson=26)


@dataclass(frozen=True)
class Survey:
    """Who answers a survey, and what they say (TP15)."""

    invitations: int = known(9_000, "invitations over the whole calendar, at 20,000 users", lesson=8)
    nps_level: float = known(7.3, "answer of the typical user to the recommendation question", unit="of 10", lesson=24)
    answer_base: float = known(-1.5, "log-odds that a user without strong feelings answers", lesson=23)
    answer_extreme: float = known(0.9, "what two points of satisfaction up or down add to them", lesson=23)
    answer_reward: float = known(1.2, "what a reward adds to them", lesson=23)
    would_pay_before: float = known(0.240, "share of answers in 2024 that say yes to paying", lesson=8)
    would_pay_after: float = known(0.341, "the same in 2025", lesson=8)


@dataclass(frozen=True)
class Feedback:
    """What users write, and what becomes of it (FL21)."""

    messages: int = known(4_000, "messages over the whole calendar, at 20,000 users", lesson=9)
    pain_weight: float = known(5.0, "how much likelier a touchpoint that hurts is written about", unit="factor", lesson=9)
    duplicates: float = known(0.12, "share of messages that repeat an earlier one", lesson=23)
    wrong_label: float = known(0.06, "share of messages whose type was labelled at random", lesson=23)
    solved: float = known(0.68, "share of messages, praise apart, that are marked as solved in the end", lesson=9)
    solved_after: float = known(9.0, "median time until then", unit="days", lesson=9)
    told: float = known(0.40, "share of those whose writer was told", lesson=23)


@dataclass(frozen=True)
class Freshness:
    """Activity and publishing: which drives which (TP13)."""

    spread: float = known(0.05, "standard deviation of the appetite that all users share, in logarithms", lesson=16)
    persistence: float = known(0.95, "correlation of that appetite from day to day", lesson=16)
    publishing: float = known(
        0.40, "change of publishing, in logarithms, a standard deviation of appetite a week before", lesson=16
    )
    lag: int = known(7, "time until the editors react", unit="days", lesson=16)
    gap_share: float = known(0.6, "a week with less than this share of the usual items is a gap", lesson=16)
    gap_effect: float = known(-0.05, "what a gap really does to the activity of the day after it", lesson=16)


@dataclass(frozen=True)
class Parameters:
    """All parameters, by topic."""

    freshness: Freshness = field(default_factory=Freshness)
    service: Service = field(default_factory=Service)
    survey: Survey = field(default_factory=Survey)
    feedback: Feedback = field(default_factory=Feedback)
    content: Content = field(default_factory=Content)
    quality: Quality = field(default_factory=Quality)
    lifetime: Lifetime = field(default_factory=Lifetime)
    arrival: Arrival = field(default_factory=Arrival)
    presence: Presence = field(default_factory=Presence)
    anomaly: Anomaly = field(default_factory=Anomaly)
    persona: Persona = field(default_factory=Persona)
    purchase: Purchase = field(default_factory=Purchase)
    checkout: Checkout = field(default_factory=Checkout)
    patience: Patience = field(default_factory=Patience)
    source: Source = field(default_factory=Source)
    membership: Membership = field(default_factory=Membership)
    coupon: Coupon = field(default_factory=Coupon)
    dirt: Dirt = field(default_factory=Dirt)
    incident: Incident = field(default_factory=Incident)
    backup: Backup = field(default_factory=Backup)
    access: Access = field(default_factory=Access)
    mention: Mention = field(default_factory=Mention)
    crisis: Crisis = field(default_factory=Crisis)
    market: Market = field(default_factory=Market)
    history: History = field(default_factory=History)
    app_store: AppStore = field(default_factory=AppStore)
    auction: Auction = field(default_factory=Auction)
    staff: Staff = field(default_factory=Staff)
    jobs: Jobs = field(default_factory=Jobs)
    goals: Goals = field(default_factory=Goals)
    ops_work: OpsWork = field(default_factory=OpsWork)
    flow: Flow = field(default_factory=Flow)
    release: Release = field(default_factory=Release)
    decision: Decision = field(default_factory=Decision)
    enterprise_app: EnterpriseApp = field(default_factory=EnterpriseApp)
    corporate: Corporate = field(default_factory=Corporate)
    partner: Partner = field(default_factory=Partner)
    money: Money = field(default_factory=Money)
    lines: Lines = field(default_factory=Lines)
    cloud: Cloud = field(default_factory=Cloud)
    stock: Stock = field(default_factory=Stock)
    shelf: Shelf = field(default_factory=Shelf)
    price_test: PriceTest = field(default_factory=PriceTest)
    referral: Referral = field(default_factory=Referral)
    community: Community = field(default_factory=Community)
    streak: Streak = field(default_factory=Streak)
    point: Point = field(default_factory=Point)
    message: Message = field(default_factory=Message)
    creator: Creator = field(default_factory=Creator)
    search: Search = field(default_factory=Search)
    creative: Creative = field(default_factory=Creative)


def varied(seed: int) -> Parameters:
    """The parameters of a variant: each one with a range drawn evenly within it, the others as they are.

    Each has a stream of its own, so that a new parameter or range changes no other one of any variant. A number is rounded
    to 4 decimals. Several numbers move together from one end of their range to the other: shares that add up at both ends
    do so in between.

    >>> varied(7).lifetime.dropout_a == Parameters().lifetime.dropout_a
    True
    """
    topics = {}
    for topic in fields(Parameters):
        default = topic.default_factory()  # type: ignore[misc]
        ranges = {f.name: f.metadata["varies"] for f in fields(default) if f.metadata["varies"]}
        drawn = {name: _between(*ends, _share(seed, f"{topic.name}.{name}")) for name, ends in ranges.items()}
        topics[topic.name] = replace(default, **drawn)
    return Parameters(**topics)


def _share(seed: int, name: str) -> float:
    return np.random.default_rng(np.random.SeedSequence([seed, crc32(f"parameters {name}".encode())])).random()


def _between(low: Any, high: Any, share: float) -> Any:
    if isinstance(low, tuple):
        return tuple(one + share * (other - one) for one, other in zip(low, high, strict=True))
    return round(low + share * (high - low), 4)
