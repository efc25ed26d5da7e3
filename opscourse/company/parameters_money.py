"""The truth about money: corporate customers, partners, plan and ledger, cash, cloud, stock, shelves, price tests."""

from __future__ import annotations

from dataclasses import dataclass

from opscourse.company.known import known

__all__ = ["Cloud", "Corporate", "Lines", "Money", "Partner", "PriceTest", "Shelf", "Stock"]


@dataclass(frozen=True)
class Corporate:
    """Firms that buy seats for their staff (TP21); as many, and as large, whatever the number of users."""

    accounts: int = known(90, "corporate accounts", lesson=27)
    monthly: float = known(1_050_000.0, "mean revenue of a month from all of them", unit="CNY", lesson=27)
    top_five: float = known(0.534, "share of the five largest in that revenue", lesson=27)
    decline: float = known(
        0.70, "size of each of the five relative to the next larger one", unit="factor", lesson=27, varies=(0.64, 0.78)
    )
    tail: float = known(1.3, "tail of the other accounts' revenue (Pareto); smaller is more uneven", lesson=27)
    seat_price: float = known(36.0, "typical price of a seat and month", unit="CNY", lesson=27)
    delay: float = known(
        42.0, "median time from invoice to payment, of a usual account", unit="days", lesson=27, varies=(36.0, 48.0)
    )
    delay_top: float = known(25.0, "what the five largest take longer", unit="days", lesson=27, varies=(20.0, 30.0))
    lost: float = known(0.01, "share of invoices that are never paid, the five largest aside", lesson=27)
    pilots: int = known(12, "accounts that tried desk coaching first", lesson=14)
    pilot_start: str = known("2024-07-01", "first day of the pilot", lesson=14)
    roll_out: str = known("2025-01-01", "day on which all accounts got it", lesson=14)
    pilot_effect: float = known(0.04, "what desk coaching adds to the growth of seats a year", lesson=14, varies=(0.03, 0.05))
    eagerness: float = known(0.07, "what one standard deviation of eagerness adds to that growth", lesson=14)
    wtp_correlation: float = known(
        -0.6, "correlation of what accounts would pay for courses and for coaching", lesson=14, varies=(-0.7, -0.5)
    )


@dataclass(frozen=True)
class Partner:
    """Firms that send users to each other."""

    partners: int = known(25, "partners, those who only supply included", lesson=13)
    sent: float = known(0.004, "share of the users of a month that a typical partner gets", lesson=13)


@dataclass(frozen=True)
class Money:
    """What things cost, what was planned, when it is paid (TP30)."""

    pay: tuple[float, ...] = known(
        (4_000.0, 5_200.0, 6_400.0, 8_000.0, 9_800.0, 12_500.0, 16_000.0, 22_000.0, 30_000.0),
        "what a head costs a month, contributions included, by `employees.salary_band`",
        unit="CNY",
        lesson=27,
    )
    desk: float = known(620.0, "rent of a desk and month", unit="CNY", lesson=27)
    office: float = known(
        6.0, "coaches and service at the offices of corporate accounts, a seat and month", unit="CNY", lesson=27
    )
    shipping: float = known(8.5, "shipping an order", unit="CNY", lesson=14)
    payment_fee: float = known(0.006, "what payment providers keep", lesson=27)
    coach: float = known(260.0, "fee of a coach for a live class", unit="CNY", lesson=27)
    item: float = known(180.0, "making a piece of content, users' own aside", unit="CNY", lesson=15)
    ticket: float = known(1.8, "lines and software, for each ticket", unit="CNY", lesson=26)
    plan_error: float = known(0.03, "standard deviation of the logarithm of plan errors, June 2025 aside", lesson=27)
    june_ad_price: float = known(
        0.18, "June 2025: cost of a sign-up by advertising, relative to plan", lesson=27, varies=(0.165, 0.195)
    )
    june_ad_volume: float = known(-0.15, "sign-ups by it, relative to plan", lesson=27, varies=(-0.16, -0.14))
    june_order_price: float = known(0.04, "value of an order, relative to plan", lesson=27, varies=(0.03, 0.05))
    june_order_volume: float = known(-0.09, "orders and pieces, relative to plan", lesson=27, varies=(-0.11, -0.07))
    june_goods_price: float = known(0.06, "cost of a piece, relative to plan", lesson=27, varies=(0.05, 0.08))
    june_shipping_price: float = known(0.10, "shipping an order, relative to plan", lesson=27, varies=(0.08, 0.12))
    june_member_volume: float = known(-0.05, "paid memberships, relative to plan", lesson=27, varies=(-0.07, -0.03))
    june_member_mix: float = known(
        1.35, "weight of year plans in the plan, relative to what came", unit="factor", lesson=27, varies=(1.25, 1.45)
    )
    payout_days: int = known(2, "days until a payment in the app is on the account", unit="days", lesson=27)
    refund_days: int = known(7, "days until a refund is paid", unit="days", lesson=27)
    supplier_days: int = known(30, "days until goods are paid", unit="days", lesson=27)
    comfort: float = known(
        0.5,
        "cash at the end, beyond what 12 months like the last 12 use up, in standard deviations of such a year",
        lesson=27,
        varies=(0.3, 0.8),
    )


@dataclass(frozen=True)
class Lines:
    """Jiadong Audio: guided workouts by ear, an older product with customers of its own (lesson 10)."""

    audio_turn: float = known(
        47.0, "week in which Jiadong Audio begins to decline, counted from 0; its whole part", lesson=10, varies=(40.0, 54.0)
    )
    audio_customers: float = known(2_600.0, "its customers before that", unit="customers", lesson=10)
    audio_decline: float = known(0.03, "customers lost each week after it", lesson=10, varies=(0.025, 0.04))
    audio_price: float = known(5.2, "what a customer pays a week", unit="CNY", lesson=10)
    audio_cost: float = known(9_000.0, "what it costs a week, whoever listens", unit="CNY", lesson=10)


@dataclass(frozen=True)
class Cloud:
    """Load and the three tariffs on offer (lesson 27)."""

    base_h: float = known(60.0, "CPU hours a day without any visit, at 20,000 users", unit="hours", lesson=27)
    session_h: float = known(0.14, "CPU hours a session", unit="hours", lesson=27, varies=(0.12, 0.16))
    minute_gb: float = known(0.015, "data sent for a minute in the app", unit="GB", lesson=27)
    cpu_cny: float = known(0.90, "usage tariff: a CPU hour", unit="CNY", lesson=27)
    storage_cny: float = known(0.004, "all tariffs: a GB stored for a day", unit="CNY", lesson=27)
    egress_cny: float = known(0.50, "all tariffs: a GB sent", unit="CNY", lesson=27)
    fixed_discount: float = known(0.40, "fixed tariff: taken off a CPU hour; paid for the busiest day's load", lesson=27)
    reserved_discount: float = known(0.45, "mixed tariff: taken off each reserved CPU hour, used or not", lesson=27)
    reserved: float = known(0.60, "mixed tariff: reserved, as a share of the median day's load", lesson=27)


@dataclass(frozen=True)
class Stock:
    """How the shop buys (TP24)."""

    cover: float = known(
        18.0, "days of sales in stock and on order below which is ordered, whatever the supplier takes", unit="days", lesson=14
    )
    lot: float = known(35.0, "days of sales in one order", unit="days", lesson=14, varies=(30.0, 40.0))
    dispersion: float = known(2.0, "size of the negative binomial of lost sales; smaller is more uneven", lesson=14)
    missed: float = known(0.6, "share of those who find a product gone and ask to be told when it is back", lesson=14)


@dataclass(frozen=True)
class Shelf:
    """The twelve slots of the shop's first page (TP24)."""

    bias: float = known(
        0.35, "fall of attention with the position: 1 / (1 + this * (position - 1))", lesson=14, varies=(0.30, 0.40)
    )
    appeal: float = known(0.022, "clicks a view at position 1, of a typical product", lesson=14)
    through: float = known(0.70, "share of a product's sales of the day that come through a slot at position 1", lesson=14)


@dataclass(frozen=True)
class PriceTest:
    """The painted-door test of a coaching plan (TP03); elasticities are those of the personas."""

    start: str = known("2024-07-01", "first day on which the offer was shown", lesson=14)
    end: str = known("2025-03-31", "last day", lesson=14)
    prices: tuple[float, ...] = known(
        (29.0, 39.0, 49.0, 59.0, 69.0), "prices shown, each to as many users", unit="CNY", lesson=14
    )
    list_price: float = known(49.0, "price before any discount", unit="CNY", lesson=14)
    unit_cost: float = known(18.0, "what serving one plan costs", unit="CNY", lesson=14)
    bought: tuple[float, ...] = known(
        (0.26, 0.16, 0.10, 0.14), "share of a persona that wants the plan at that price", lesson=14
    )
