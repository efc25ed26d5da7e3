"""The firm's people and the market it hires from (TP29, TP34)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from opscourse.company.build.calendar import LAST_DAY
from opscourse.company.build.people import GOLDEN
from opscourse.company.tables.work import OPERATIONS_POSTS, OTHER_POSTS
from opscourse.company.world import Columns, World, builds, optional

__all__ = ["POSTS", "Post", "at_work", "spread"]


class Post(NamedTuple):
    """A role: its department, how many were ever in it, the role it reports to, its salary band."""

    dept: str
    role: str
    count: int
    reports_to: str
    band: int


POSTS = (
    Post("management", "chief executive", 1, "", 9),
    Post("management", "chief operating officer", 1, "chief executive", 8),
    Post("management", "operations director", 1, "chief operating officer", 8),
    Post("engineering", "head of engineering", 1, "chief executive", 8),
    Post("engineering", "tech lead", 3, "head of engineering", 7),
    Post("engineering", "developer", 25, "tech lead", 6),
    Post("engineering", "tester", 8, "tech lead", 5),
    Post("engineering", "security officer", 2, "head of engineering", 6),
    Post("product", "product manager", 4, "operations director", 7),
    Post("product", "product operations specialist", 12, "product manager", 5),
    Post("data", "head of data", 1, "chief operating officer", 7),
    Post("data", "data analyst", 7, "head of data", 6),
    Post("marketing", "marketing manager", 2, "operations director", 7),
    Post("marketing", "marketing specialist", 11, "marketing manager", 4),
    Post("marketing", "marketing planner", 5, "marketing manager", 5),
    Post("content", "content manager", 2, "operations director", 6),
    Post("content", "editor", 10, "content manager", 4),
    Post("content", "coach", 12, "content manager", 5),
    Post("service", "service manager", 2, "operations director", 6),
    Post("service", "service agent", 18, "service manager", 3),
    Post("service", "CRM specialist", 4, "service manager", 4),
    Post("finance", "head of finance", 1, "chief executive", 7),
    Post("finance", "accountant", 4, "head of finance", 5),
    Post("finance", "people officer", 3, "head of finance", 5),
)
_FIRST_HIRES, _LEADERS_BY = np.datetime64("2022-01-01"), 600  # staff come from that day on, leaders at most 600 days before it

_SKILLS = (
    "activity planning", "advertising", "app store", "bookkeeping", "copywriting", "data analysis", "product design",
    "project management", "short video", "spreadsheets", "stock planning", "user research",
)  # fmt: skip
_SKILL_ODDS = {  # share of adverts of each post that ask for each skill, in the order above
    "product operations manager": (0.50, 0.25, 0.10, 0.00, 0.35, 0.85, 0.70, 0.80, 0.10, 0.30, 0.00, 0.75),
    "product operations": (0.65, 0.25, 0.20, 0.00, 0.70, 0.75, 0.35, 0.35, 0.25, 0.45, 0.00, 0.60),
    "mobile operations": (0.70, 0.45, 0.75, 0.00, 0.65, 0.60, 0.15, 0.20, 0.70, 0.30, 0.00, 0.35),
    "office administration": (0.20, 0.00, 0.00, 0.15, 0.30, 0.05, 0.00, 0.30, 0.05, 0.80, 0.00, 0.00),
    "accounting": (0.00, 0.00, 0.00, 0.95, 0.00, 0.35, 0.00, 0.10, 0.00, 0.90, 0.10, 0.00),
    "sales support": (0.35, 0.20, 0.00, 0.05, 0.35, 0.20, 0.00, 0.25, 0.10, 0.65, 0.10, 0.10),
    "warehouse planning": (0.00, 0.00, 0.00, 0.10, 0.00, 0.35, 0.00, 0.40, 0.00, 0.75, 0.95, 0.00),
}
_OPERATIONS_BY_YEAR = (38, 47, 58, 72, 61, 57, 67)  # 2018 to 2024: demand does not grow every year
_OTHERS_BY_YEAR = (52, 55, 55, 62, 60, 56, 60)
_TIERS = ((0.20, 0.30, 0.30, 0.20), (0.45, 0.30, 0.17, 0.08))  # of other posts, of operations posts
_YEARS = (2.2, 3.4)  # mean years asked for, of others and of operations posts


def spread(stream: np.random.Generator, size: int) -> np.ndarray:
    """Numbers evenly spread between 0 and 1, in an order without a pattern: their shares are exact and their places chance."""
    return stream.permutation((np.arange(size) + stream.random()) / max(size, 1))


def at_work(days: np.ndarray) -> np.ndarray:
    """Move moments, in days, to between 9 and 18 o'clock of their day; their order stays."""
    return np.floor(days) + (9 + 9 * (days % 1)) / 24


@builds("employees")
def employees(world: World) -> Columns:
    """One row a person and post; the lifetimes of a group are spread evenly over their distribution."""
    stream, known = world.stream("employees"), world.parameters.staff
    counts = [post.count for post in POSTS]
    post = np.repeat(np.arange(len(POSTS)), counts)
    size = post.size
    first = {p.role: int(start) + 1 for p, start in zip(POSTS, np.cumsum([0, *counts[:-1]]), strict=True)}
    number = {p.role: p.count for p in POSTS}
    turn = np.arange(1, size + 1) - np.array([first[POSTS[k].role] for k in post])
    above = [POSTS[k].reports_to for k in post]
    manager = np.array([first[role] + t % number[role] if role else 0 for role, t in zip(above, turn, strict=True)])
    leads = np.isin(np.arange(1, size + 1), manager)
    hired = (LAST_DAY - _FIRST_HIRES).astype(int) - 30
    before = np.zeros(size)  # whoever leads came before those led, who stand below
    before[leads] = -np.sort(stream.integers(90, _LEADERS_BY, leads.sum()))[::-1]
    start = _FIRST_HIRES + np.where(leads, before, (turn * GOLDEN + 0.1 * stream.random(size)) % 1 * hired).astype(int)
    trained = (np.arange(size) * GOLDEN + stream.random()) % 1 < known.trained
    stay = np.empty(size)
    for group, hazard in ((trained, known.leaving * known.training), (~trained, known.leaving)):
        rows = np.flatnonzero(group & ~leads)
        stay[rows] = -np.log(1 - spread(stream, rows.size)) / hazard * 365.25
    end = start + np.where(leads, 99_999, np.minimum(stay, 99_999)).astype(int)
    return {
        "emp_id": np.arange(1, size + 1),
        "manager_id": optional(manager, manager > 0),
        "dept": np.array([POSTS[k].dept for k in post], dtype=object),
        "role": np.array([POSTS[k].role for k in post], dtype=object),
        "opened": start - np.maximum(stream.lognormal(math.log(known.hiring_median), 0.5, size), 7).astype(int),
        "start": start,
        "end": optional(end, end <= LAST_DAY),
        "trained": trained,
        "salary_band": np.array([POSTS[k].band for k in post]),
    }


@builds("job_ads")
def job_ads(world: World) -> Columns:
    """One row an advert; city, years and chance are laid out so that both gaps come out as stated."""
    stream, known = world.stream("job_ads"), world.parameters.jobs
    year, operations, tier, years, role = (np.empty(0, dtype=np.int64) for _ in range(5))
    for k, counts in enumerate((_OTHERS_BY_YEAR, _OPERATIONS_BY_YEAR)):
        size = sum(counts)
        year = np.append(year, np.repeat(np.arange(2018, 2018 + len(counts)), counts))
        operations = np.append(operations, np.full(size, k))
        tier = np.append(tier, 1 + np.searchsorted(np.cumsum(_TIERS[k]), spread(stream, size)).clip(0, 3))
        asked = np.floor(-np.log(1 - spread(stream, size)) * _YEARS[k]).astype(np.int64)
        years = np.append(years, np.minimum(asked, 12))
        role = np.append(role, stream.integers(0, (len(OTHER_POSTS), len(OPERATIONS_POSTS))[k], size))
    more = operations == 1

    def gap(values: np.ndarray) -> float:
        return values[more].mean() - values[~more].mean()

    city = -math.log1p(known.city) * (tier - 1)
    a_year = (math.log1p(known.raw) - math.log1p(known.adjusted) - gap(city)) / gap(years)
    known_of = np.column_stack([np.ones(more.size), more, *(tier == t for t in (2, 3, 4)), years]).astype(float)
    noise = stream.normal(0, known.spread, more.size)
    noise -= known_of @ np.linalg.lstsq(known_of, noise, rcond=None)[0]  # what is left agrees with neither post, city nor years
    pay = 6.8 * np.exp(math.log1p(known.adjusted) * more + city + a_year * years + noise)
    names = np.where(more, np.array(OPERATIONS_POSTS, dtype=object)[role % 3], np.array(OTHER_POSTS, dtype=object)[role])
    order = np.lexsort([stream.random(more.size), year])
    return {
        "ad_id": np.arange(1, more.size + 1),
        "year": year[order],
        "role": names[order],
        "operations": more[order],
        "city_tier": tier[order],
        "years": years[order],
        "skills": np.array([_skills(stream, name) for name in names[order]], dtype=object),
        "salary_kcny": pay[order].round(2),
    }


def _skills(stream: np.random.Generator, role: str) -> str:
    """The skills an advert asks for: at least the one that most adverts of the post ask for."""
    odds = np.array(_SKILL_ODDS[role])
    asked = stream.random(odds.size) < odds
    asked[odds.argmax()] = True
    return "; ".join(np.array(_SKILLS)[asked])
