"""The calendar of 547 days: weekdays, public holidays, lunar dates, marketing nodes, season."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from opscourse.company.world import Columns, World, builds

__all__ = ["DAYS", "FIRST_DAY", "LAST_DAY", "NODES", "day_index", "node_factor", "season"]

FIRST_DAY = np.datetime64("2024-01-01", "D")
LAST_DAY = np.datetime64("2025-06-30", "D")
DAYS = int((LAST_DAY - FIRST_DAY).astype(int)) + 1

# Public holidays as announced by the State Council, and the weekend days worked to make up for them.
_HOLIDAYS = (
    ("2024-01-01", 1), ("2024-02-10", 8), ("2024-04-04", 3), ("2024-05-01", 5), ("2024-06-08", 3), ("2024-09-15", 3),
    ("2024-10-01", 7), ("2025-01-01", 1), ("2025-01-28", 8), ("2025-04-04", 3), ("2025-05-01", 5), ("2025-05-31", 3),
)  # fmt: skip
_WORKED_WEEKENDS = (
    "2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11", "2024-09-14", "2024-09-29", "2024-10-12",
    "2025-01-26", "2025-02-08", "2025-04-27",
)  # fmt: skip

# First day of each lunar month (the day of the new moon in China) and the number of the month.
_LUNAR_MONTHS = (
    ("2023-12-13", 11), ("2024-01-11", 12), ("2024-02-10", 1), ("2024-03-10", 2), ("2024-04-09", 3), ("2024-05-08", 4),
    ("2024-06-06", 5), ("2024-07-06", 6), ("2024-08-04", 7), ("2024-09-03", 8), ("2024-10-03", 9), ("2024-11-01", 10),
    ("2024-12-01", 11), ("2024-12-31", 12), ("2025-01-29", 1), ("2025-02-28", 2), ("2025-03-29", 3), ("2025-04-28", 4),
    ("2025-05-27", 5), ("2025-06-25", 6),
)  # fmt: skip

# Nodes with a fixed date in the solar calendar: (month-day, node, kind, keyword of its content).
_FIXED = (
    ("01-01", "New Year", "international", "new start"), ("02-14", "Valentine's Day", "international", "together"),
    ("03-08", "Women's Day", "international", "her strength"), ("03-12", "Tree Planting Day", "niche", "outdoors"),
    ("03-15", "Consumer Rights Day", "consumer", "honest promise"), ("04-22", "Earth Day", "niche", "green"),
    ("05-01", "Labour Day", "international", "rest well"), ("05-20", "520", "shopping", "together"),
    ("06-01", "Children's Day", "international", "family"), ("06-18", "618", "shopping", "home gym"),
    ("08-08", "National Fitness Day", "niche", "get moving"), ("09-10", "Teachers' Day", "niche", "coach"),
    ("10-01", "National Day", "international", "travel fit"), ("11-11", "Double 11", "shopping", "home gym"),
    ("12-12", "Double 12", "shopping", "home gym"), ("12-25", "Christmas", "international", "winter"),
)  # fmt: skip

# The 24 solar terms; a term that falls on another node's day gives way to it.
_SOLAR_TERMS = (
    "Minor Cold", "Major Cold", "Start of Spring", "Rain Water", "Awakening of Insects", "Spring Equinox",
    "Clear and Bright", "Grain Rain", "Start of Summer", "Grain Buds", "Grain in Ear", "Summer Solstice", "Minor Heat",
    "Major Heat", "Start of Autumn", "End of Heat", "White Dew", "Autumn Equinox", "Cold Dew", "Frost's Descent",
    "Start of Winter", "Minor Snow", "Major Snow", "Winter Solstice",
)  # fmt: skip
_SOLAR_DATES = {
    "2024": "01-06 01-20 02-04 02-19 03-05 03-20 04-04 04-19 05-05 05-20 06-05 06-21 07-06 07-22 08-07 08-22 09-07 09-22 "
    "10-08 10-23 11-07 11-22 12-06 12-21",
    "2025": "01-05 01-20 02-03 02-18 03-05 03-20 04-04 04-20 05-05 05-21 06-05 06-21",
}

# Lunar festivals by lunar month and day; New Year's Eve has no fixed day and is left to Spring Festival.
_LUNAR = (
    (1, 1, "Spring Festival", "reunion"), (1, 15, "Lantern Festival", "reunion"), (2, 2, "Dragon Head", "fresh cut"),
    (5, 5, "Dragon Boat", "rowing"), (7, 7, "Qixi", "together"), (8, 15, "Mid-Autumn", "reunion"),
    (9, 9, "Double Ninth", "active parents"),
)  # fmt: skip


def day_index(dates: np.ndarray) -> np.ndarray:
    """Days since 2024-01-01 of dates or timestamps."""
    return (np.asarray(dates).astype("datetime64[D]") - FIRST_DAY).astype(np.int64)


def _nodes() -> list[tuple[int, str, str, str]]:
    """All (day, node, tier, keyword), the stronger kind last so that it wins a shared day."""
    lunar_month, lunar_day = _lunar()
    solar = [
        (f"{year}-{day}", term, "solar_term", term.lower())
        for year, days in _SOLAR_DATES.items()
        for term, day in zip(_SOLAR_TERMS, days.split(), strict=False)
    ]
    fixed = [(f"{year}-{day}", *node) for year in _SOLAR_DATES for day, *node in _FIXED]
    dated = [(int(day_index(np.datetime64(day))), *node) for day, *node in solar + fixed]
    traditional = [
        (int(day), name, "traditional", keyword)
        for month, number, name, keyword in _LUNAR
        for day in np.flatnonzero((lunar_month == month) & (lunar_day == number))
    ]
    return [node for node in dated + traditional if node[0] < DAYS]


def _naive() -> list[tuple[int, str]]:
    """What a table of fixed dates would say: each lunar festival on the date of its last occurrence, in both years."""
    nodes = _nodes()
    last = {name: day for day, name, tier, _ in nodes if tier == "traditional"}
    wrong = []
    for name, day in last.items():
        date = str(FIRST_DAY + day)[5:]
        wrong += [(int(day_index(np.datetime64(f"{year}-{date}"))), name) for year in _SOLAR_DATES]
    right = [(day, name) for day, name, tier, _ in nodes if tier != "traditional"]
    return [node for node in right + wrong if node[0] < DAYS]


def _lunar() -> tuple[np.ndarray, np.ndarray]:
    starts = np.array([day for day, _ in _LUNAR_MONTHS], dtype="datetime64[D]")
    numbers = np.array([month for _, month in _LUNAR_MONTHS])
    dates = FIRST_DAY + np.arange(DAYS)
    month = np.searchsorted(starts, dates, side="right") - 1
    return numbers[month], (dates - starts[month]).astype(np.int64) + 1


NODES = _nodes()


def node_factor(uplift: dict[str, float], share_of_neighbours: float = 0.0) -> np.ndarray:
    """For each day 1 + the uplift of its node, `uplift` being by kind or by name (a name goes first); mean not normalised."""
    factor = np.ones(DAYS)
    for day, name, tier, _ in NODES:
        gain = uplift.get(name, uplift.get(tier, 0.0))
        factor[day] = 1 + gain
        for near in (day - 1, day + 1):
            if 0 <= near < DAYS and share_of_neighbours:
                factor[near] = max(factor[near], 1 + gain * share_of_neighbours)
    return factor


def season(day: np.ndarray) -> np.ndarray:
    """Demand by season: high from January to April and in the weeks before summer, low in autumn; mean about 1."""
    year = 2 * np.pi * day / 365.25
    return 1 + 0.12 * np.cos(year - 0.9) + 0.04 * np.cos(2 * year - 4.6)


@builds("calendar")
def calendar(world: World) -> Columns:
    """One row a day."""
    day = np.arange(DAYS)
    dates = FIRST_DAY + day
    dow = day % 7  # 2024-01-01 was a Monday
    holiday = np.zeros(DAYS, dtype=bool)
    for start, length in _HOLIDAYS:
        first = int(day_index(np.datetime64(start)))
        holiday[first : first + length] = True
    workday = (dow < 5) & ~holiday
    workday[day_index(np.array(_WORKED_WEEKENDS, dtype="datetime64[D]"))] = True
    lunar_month, lunar_day = _lunar()
    factor = season(day)
    factor /= factor.mean()
    return {
        "date": dates,
        "dow": dow,
        "is_workday": workday,
        "is_holiday": holiday,
        "node": _texts({day: name for day, name, _, _ in NODES}),
        "node_tier": _texts({day: tier for day, _, tier, _ in NODES}),
        "node_naive": _texts(dict(_naive())),
        "lunar_month": lunar_month,
        "lunar_day": lunar_day,
        "theme_keyword": _texts({day: keyword for day, _, _, keyword in NODES}),
        "search_index": _search(world, factor),
        "season_factor": factor.round(4),
    }


def _search(world: World, factor: np.ndarray) -> np.ndarray:
    """Search interest: people search a week before they act, so today's interest follows next week's season."""
    stream = world.stream("calendar")
    noise = np.zeros(DAYS)
    for day, shock in enumerate(stream.normal(0, 0.03, DAYS)):
        noise[day] = (0.6 * noise[day - 1] if day else 0.0) + shock
    ahead = season(np.arange(DAYS) + 7) / season(np.arange(DAYS)).mean()
    weekend = np.where(np.arange(DAYS) % 7 >= 5, 1.06, 0.976)
    return (100 * ahead * weekend * np.exp(noise)).round(1)


def _texts(by_day: dict[int, str]) -> pa.Array:
    return pa.array([by_day.get(day) for day in range(DAYS)], pa.string())
