"""Markets, rivals and their prices (TP22), and a stylised history of internet users."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.quota import MONTH_OF_DAY, MONTHS
from opscourse.company.tables.market import FEATURES, FIRMS, MARKETS
from opscourse.company.world import Block, Columns, World, builds, optional, tallies

__all__ = ["competitor_prices", "competitors", "markets", "netizens_stylised"]

_YEARS = np.arange(2023, 2029)
_OBSERVED = 2024  # last year that is not a forecast
# population (million), penetration in 2023 and its ceiling, spend (USD), price elasticity, tax, law (million USD a year),
# language (million USD once); Corvany pays best; Dormund is larger, and tax and law eat it up
_ABROAD = (
    (260, 0.010, 0.12, 18, -2.4, 0.22, 1.9, 1.2), (55, 0.060, 0.28, 60, -1.9, 0.30, 1.6, 0.8),
    (48, 0.090, 0.34, 130, -1.2, 0.15, 0.9, 0.5), (150, 0.070, 0.25, 75, -1.6, 0.36, 5.0, 0.9),
    (20, 0.040, 0.22, 48, -1.8, 0.18, 0.6, 0.7), (10, 0.110, 0.36, 150, -1.1, 0.38, 1.1, 0.6),
    (120, 0.020, 0.16, 26, -2.1, 0.27, 1.3, 1.0), (35, 0.030, 0.20, 40, -2.0, 0.20, 0.8, 0.4),
)  # fmt: skip
_HOME_ELASTICITY, _HOME_TAX = -1.4, 0.06
_RETENTION = (1.06, 1.00, 0.94)  # of X, Y, Z relative to their mean
_LOAD_MS = (920, 1_340, 1_610)
_STARS = (4.3, 4.0, 3.8)
_OFFERS = {  # by firm, in the order of FEATURES
    "Jiadong": "111100011000", "X": "111110011110", "Y": "011100010101", "Z": "001011101001",
}  # fmt: skip
_QUARTERS = ("2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q1", "2025Q2")
_WEEKS = DAYS // 7


@builds("markets")
def markets(world: World) -> Columns:
    """One row a market and year: logistic growth through the observed years, spend per participant falling."""
    stream = world.stream("markets")
    market = world.parameters.market
    first, second = market.penetration
    home_spend = market.size * 1000 / (market.population * first)
    fall = (1 + market.growth) / (second / first)  # what population times penetration leaves for spend
    rows = [(market.population, first, market.ceiling, home_spend, _HOME_ELASTICITY, _HOME_TAX, 0.0, 0.0), *_ABROAD]
    population, start, ceiling, spend, elasticity, tax, law, language = np.array(rows).T
    wobble = stream.lognormal(0, 0.04, (3, len(MARKETS)))
    wobble[:, 0] = 1.0
    odds = np.log(np.array([first, second]) / (market.ceiling - np.array([first, second])))
    step = np.append(np.diff(odds), stream.uniform(0.25, 0.45, len(MARKETS) - 1))  # yearly growth of the odds
    ahead = np.log(start / (ceiling - start))[:, None] + step[:, None] * (_YEARS - _YEARS[0])
    penetration = (ceiling[:, None] / (1 + np.exp(-ahead))).round(5)
    trend = np.append((1 + market.spend_trend) ** np.arange(_YEARS.size - 1) * fall, 1.0)
    levels = np.vstack([np.roll(trend, 1), 1.02 ** np.tile(np.arange(_YEARS.size), (len(MARKETS) - 1, 1))])
    spent = ((spend * wobble[0])[:, None] * levels).round(2)
    people = (population * wobble[1]).round(1)[:, None] * np.ones(_YEARS.size)
    return {
        "market": np.repeat(np.array(MARKETS, dtype=object), _YEARS.size),
        "year": np.tile(_YEARS, len(MARKETS)),
        "forecast": np.tile(_YEARS > _OBSERVED, len(MARKETS)),
        "population_m": people.ravel(),
        "penetration": penetration.ravel(),
        "spend_usd": spent.ravel(),
        "size_usd_m": (people * penetration * spent).round(1).ravel(),
        **{
            name: np.repeat(values, _YEARS.size)
            for name, values in (
                ("price_elasticity", elasticity),
                ("tax", tax),
                ("local_law_cost_usd_m", (law * wobble[2]).round(2)),
                ("language_cost_usd_m", language),
            )
        },
    }


@builds("competitor_prices")
def competitor_prices(world: World) -> Columns:
    """One row a week and firm: list prices, and for some weeks Y's cut."""
    stream = world.stream("competitor_prices")
    market = world.parameters.market
    week = np.arange(_WEEKS)
    prices = np.tile((world.parameters.membership.prices[0], *market.prices), (_WEEKS, 1)).astype(float)
    offers = stream.random((_WEEKS, 3)) < 0.05  # a week's small offer now and then
    prices[:, 1:] *= np.where(offers, 0.95, 1.0)
    cut = week - int(day_index(np.datetime64(market.cut_from))) // 7
    prices[(cut >= 0) & (cut < market.cut_weeks), 2] = market.prices[1] * (1 - market.cut)
    return {
        "week": np.repeat(FIRST_DAY + 7 * week, len(FIRMS)),
        "firm": np.tile(np.array(FIRMS, dtype=object), _WEEKS),
        "price_month_cny": prices.round(1).ravel(),
    }


@tallies("sales_cny")
def sales(block: Block) -> np.ndarray:
    """Jiadong's sales in each month: paid orders that were not given back, and memberships on their first day."""
    orders, members = block["orders"], block["memberships"]
    kept = orders["paid"] & ~orders["refunded"]
    day = np.concatenate([day_index(orders["ts"][kept]), day_index(members["start"])])
    amount = np.concatenate([orders["net_cny"][kept], members["price_cny"]])
    return np.bincount(MONTH_OF_DAY[day], amount, minlength=MONTHS)


@builds("competitors")
def competitors(world: World) -> Columns:
    """One row a firm and quarter; own sales and rating are those of the tables, own retention is the true one."""
    stream = world.stream("competitors")
    market, lifetime = world.parameters.market, world.parameters.lifetime
    quarters = np.arange(len(_QUARTERS))
    shares = np.array(market.shares)[:, None] * (1 + market.concentration) ** (quarters - quarters[-1])
    size = world["markets"]["size_usd_m"][1 + quarters // 4] * 1e6 / 4  # home, 2024 and 2025
    own_share = world.totals["sales_cny"].reshape(-1, 3).sum(axis=1) / market.cny_per_usd / size
    age = np.arange(1, 31)
    still = np.cumprod((lifetime.dropout_b + age - 1) / (lifetime.dropout_a + lifetime.dropout_b + age - 1))
    own = lifetime.active * still[[0, 6, 29]]
    tilt = np.array(_RETENTION)[:, None] * stream.lognormal(0, 0.015, (3, quarters.size))
    retention = own[:, None, None] / (1 + market.lead) * tilt / tilt.mean(axis=0)  # day, rival, quarter
    retention = np.concatenate([np.broadcast_to(own[:, None, None], (3, 1, quarters.size)), retention], axis=1)
    load = np.array((round(world.parameters.patience.load_median * 1000), *_LOAD_MS))[:, None]
    prices = world["competitor_prices"]
    month = prices["week"].astype("datetime64[M]").astype(int) - FIRST_DAY.astype("datetime64[M]").astype(int)
    mean_price = prices["price_month_cny"].reshape(_WEEKS, len(FIRMS))
    of_quarter = month.reshape(_WEEKS, len(FIRMS))[:, 0] // 3
    stars = np.array(_STARS)[:, None] + stream.normal(0, 0.05, (3, quarters.size))
    columns = {
        "share": np.vstack([own_share, shares]).round(5),
        "d1": retention[0].round(4),
        "d7": retention[1].round(4),
        "d30": retention[2].round(4),
        "price_month_cny": np.array([mean_price[of_quarter == q].mean(axis=0) for q in quarters]).T.round(2),
        "load_ms": np.repeat(load, quarters.size, axis=1),
        "rating": np.vstack([_own_rating(world), stars]).round(2),
    }
    offers = np.array([[mark == "1" for mark in _OFFERS[firm]] for firm in FIRMS])
    return {
        "firm": np.repeat(np.array(FIRMS, dtype=object), quarters.size),
        "quarter": np.tile(np.array(_QUARTERS, dtype=object), len(FIRMS)),
        **{name: values.ravel() for name, values in columns.items() if name != "rating"},
        "rating": optional(columns["rating"].ravel(), ~np.isnan(columns["rating"].ravel())),
        **{f"f_{name}": np.repeat(offers[:, k], quarters.size) for k, name in enumerate(FEATURES)},
    }


def _own_rating(world: World) -> np.ndarray:
    """Mean of all reviews until the end of each quarter."""
    number, total = world.totals["stars"].sum(axis=1).cumsum(axis=1)
    last = np.flatnonzero(np.diff(MONTH_OF_DAY // 3, append=-1))
    return total[last] / np.where(number[last] > 0, number[last], np.nan)


@builds("netizens_stylised")
def netizens_stylised(world: World) -> Columns:
    """One row a year: an S-curve of users, and minutes that grow more evenly."""
    history = world.parameters.history
    year = np.arange(1994, 2025)
    noise = world.stream("netizens_stylised").lognormal(0, 0.004, (2, year.size))
    users = history.ceiling / (1 + np.exp(-history.steepness * (year - history.inflection)))
    minutes = history.minutes / (1 + np.exp(-0.16 * (year - history.inflection)))
    return {
        "year": year,
        "users_m": (users * noise[0]).round(1),
        "minutes_per_day": (minutes * noise[1]).round(),
    }
