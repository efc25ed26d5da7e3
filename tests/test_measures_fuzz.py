"""Every measure, given what people really have: damaged columns, odd types, no rows, numbers that cannot be.

The outcome is the right answer or an OpsCourseError that names the column or the argument; on every engine the same.
"""

import datetime as dt
import decimal
import importlib
import inspect

import duckdb
import numpy as np
import pandas as pd
import pytest
from engines import DEEPER, KINDS, brought, plain
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_doctests import AREAS, MODULES

from opscourse import frames
from opscourse.errors import OpsCourseError
from opscourse.lifetime_value import BgNbd, GammaGamma
from opscourse.response import ResponseCurve

MEASURES = {
    name: function
    for module in MODULES
    if module.removeprefix("opscourse.") in AREAS
    for name in importlib.import_module(module).__all__
    if inspect.isfunction(function := getattr(importlib.import_module(module), name))
}


def times(*texts):
    return pd.to_datetime([f"2025-{text}" for text in texts], format="ISO8601")


USERS = pd.DataFrame({"user_id": [1, 2, 3], "signup_ts": times("03-01 08:00", "03-03", "03-10"), "os": ["ios", "web", "ios"]})
VISITS = pd.DataFrame({"user_id": [1, 1, 2, 3, 1, 3], "day": times("03-01", "03-02", "03-04", "03-11", "03-17", "03-25 10:00")})
EVENTS = pd.DataFrame(
    {
        "user_id": [1, 1, 2, 3, 3, 1],
        "name": ["view", "pay", "view", "view", "pay", "other"],
        "ts": times("03-01", "03-02", "03-03", "03-20", "03-21", "03-28"),
        "os": ["ios", "ios", "web", "web", "web", "ios"],
    }
)
VIEWS = pd.DataFrame(
    {"user_id": [7, 7, 8], "session": [1, 1, 1], "page": ["home", "course", "home"], "ts": times("03-01", "03-02", "03-03")}
)
ORDERS = pd.DataFrame(
    {
        "user_id": [1, 1, 2, 3, 3, 3],
        "ts": times("06-01", "06-20 09:00", "05-31", "05-01", "06-02", "06-30"),
        "net_cny": [10.0, 20.0, 99.0, 5.0, 7.5, 0.0],
    }
)
TOUCHES = pd.DataFrame(
    {
        "user_id": [1, 1, 2, 4],
        "ts": times("03-01", "03-02", "03-02", "03-02"),
        "channel_id": ["search", "direct", "video", "search"],
        "converted_order_id": [8, 8, 9, None],
    }
)
GOALS = pd.DataFrame({"user_id": [1, 2, 3], "ts": times("03-03", "03-03", "03-03")})
UNITS = pd.DataFrame(
    {
        "unit": [1, 2, 3, 4, 5, 6],
        "arm": ["control", "new"] * 3,
        "minutes": [2.0, 5.0, 5.0, 9.0, 8.0, 14.0],
        "before": [1, 2, 3, 4, 5, 6],
    }
)
SPELLS = pd.DataFrame(
    {
        "user_id": [1, 1, 2, 3],
        "start": times("01-10", "02-10", "02-03", "03-31"),
        "end": pd.to_datetime(["2025-02-09", None, "2025-03-02", None]),
        "mrr_cny": [30.0, 25.0, 30.0, 0.0],
    }
)
SURVEYS = pd.DataFrame({"nps": [10.0, 9.0, 6.0, 8.0], "weight": [1.0, 2.0, 1.0, 1.0], "os": ["ios", "web", "ios", "web"]})
INVOICES = pd.DataFrame(
    {"account_id": [1, 1, 2, 3], "amount_cny": [30.0, 20.0, 30.0, 20.0], "quarter": ["q1", "q1", "q1", "q2"]}
)
SPEND = pd.DataFrame(
    {
        "channel": ["a", "a", "b"],
        "impressions": [1000, 3000, 500],
        "clicks": [10, 90, 0],
        "installs": [1, 4, 0],
        "payers": [1, 0, 0],
        "cost_cny": [20.0, 80.0, 5.0],
    }
)
ITEMS = pd.DataFrame({"item": [1, 1, 2, 3], "kind": ["a", "a", "a", "b"], "done": [9, 1, 200, 0], "views": [10, 5, 1000, 3]})
POINTS = pd.DataFrame({"stage": ["use", "use", "billing"], "weight": [0.75, 0.25, 1.0], "score": [80.0, 60.0, 90.0]})
LINKS = pd.DataFrame({"from_page": ["blog", "blog", "shop"], "to_page": ["home", "shop", "home"]})
DAILY = pd.DataFrame({"day": pd.date_range("2025-03-03", periods=22), "value": [100 + 7 * day % 13 for day in range(22)]})
TRIANGLE = pd.DataFrame({"cohort": ["a", "a", "b"], "period": [0, 1, 0], "size": [3, 3, 1], "active": [3, 1, 0]})
SUMMARY = pd.DataFrame(
    {"repeats": [2, 0], "first_to_last_days": [213, 0], "age_days": [272, 30], "repeat_value": [22.35, None]}
)
SCORED = pd.DataFrame({"user_id": [7, 8], "r": [5, 1], "f": [1, 5]})
CURVE = ResponseCurve(a=2.0, b=0.5, b_low=0.4, b_high=0.6)
MODELS = [BgNbd(0.243, 30.898, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44), CURVE]
MEASURES |= {
    f"{type(model).__name__}.{name}": getattr(model, name)
    for model in MODELS
    for name, method in vars(type(model)).items()
    if inspect.isfunction(method) and not name.startswith("_")
}

# Measure -> a small valid call of it; what is a frame comes in every kind.
CALLS = {
    "BgNbd.expected_purchases": {
        "horizon": "273d",
        "repeats": [2, 0],
        "first_to_last_days": [213, 0],
        "age_days": [272, 30],
    },
    "BgNbd.probability_alive": {"repeats": [2, 0], "first_to_last_days": [213, 0], "age_days": [272, 30]},
    "GammaGamma.expected_value": {"repeats": [2, 0], "repeat_value": [22.35, 0.0]},
    "ResponseCurve.marginal": {"spend": [1.0, 400.0]},
    "ResponseCurve.response": {"spend": [1.0, 400.0]},
    "activity": {"log": VISITS, "users": USERS, "observed_until": "2025-04-30", "date_col": "day"},
    "agents_needed": {"arrivals_per_hour": [2.0, 20.0], "handling_min": 15.0, "service_level": 0.8, "within": "5m"},
    "allocate": {"curves": {"a": CURVE, "b": CURVE}, "budget": 100.0, "value": 1.0, "at_least": 0.0, "at_most": 80.0},
    "attribution": {
        "touches": TOUCHES.drop(columns="converted_order_id"),
        "conversions": GOALS,
        "rule": "markov",
        "lookback": "30d",
        "direct": "direct",
        "ends": 0.4,
        "half_life": "7d",
    },
    "bass": {"p": 0.02, "q": 0.4, "market": 1000.0, "periods": 3},
    "bass_fit": {"adopters": [24.3, 34.7, 48.4, 64.8, 82.1, 96.4, 103.1, 99.1, 85.0], "confidence": 0.9},
    "beta_binomial": {"successes": [100, 120], "n": [1000, 1000], "prior": [1.0, 1.0], "confidence": 0.9},
    "branching": {"k": 0.5, "generations": 3, "seeds": 100, "cycle": "6d", "dispersion": 2.0},
    "breakeven_lift": {"discount": [0.15, 0.2], "margin": [0.45, 0.4]},
    "cac": {"cost": [1000.0, 50.0], "customers": [20.0, 0.0]},
    "cash_forecast": {
        "cash": 100.0,
        "flows": [-60.0, 20.0],
        "periods": 3,
        "block": 1,
        "paths": 50,
        "confidence": 0.9,
        "seed": 0,
    },
    "cash_runway": {"cash": 120.0, "flows": [-30.0, 10.0, -10.0]},
    "clv": {
        "summary": SUMMARY,
        "purchases": MODELS[0],
        "spend": MODELS[1],
        "horizon": "273d",
        "margin": 0.5,
        "discount": 0.1,
    },
    "clv_summary": {"orders": ORDERS, "observed_until": "2025-07-31"},
    "cohort_average": {"triangle": TRIANGLE},
    "cohorts": {"activity": VISITS, "users": USERS, "period": "week", "observed_until": "2025-04-30", "date_col": "day"},
    "common_denominators": {"percentages": [88.04, 97.83], "decimals": 2, "up_to": 400},
    "concentration": {"invoices": INVOICES, "k": 1, "by": "quarter"},
    "cost_ladder": {"spend": SPEND, "by": "channel", "customers_col": "payers"},
    "cuped": {"units": UNITS, "metric_col": "minutes", "covariate_col": "before", "control": "control", "confidence": 0.9},
    "decompose": {"before": {"a": 2.0, "b": 3.0}, "after": {"a": 2.5, "b": 3.0}, "rule": "multiplicative"},
    "detectable": {"rate": [0.3, 0.02], "n": [1000.0, 5000.0], "power": 0.8, "alpha": 0.05},
    "doubling_time": {"k": [2.0, 0.2], "cycle": "6d"},
    "elasticity": {"price": [10.0, 20.0, 40.0, 10.0], "quantity": [100.0, 26.0, 6.0, 99.0], "confidence": 0.9},
    "erlang_c": {"agents": [5, 2], "arrivals_per_hour": [16.0, 4.0], "handling_min": [15.0, 15.0], "within": "20m"},
    "experience_index": {"touchpoints": POINTS, "stage_weights": {"use": 3.0, "billing": 1.0}},
    "funnel": {
        "log": EVENTS,
        "steps": ["view", "pay"],
        "window": "7d",
        "start": "any",
        "order": "ordered",
        "ties": "strict",
        "by": "os",
        "interval": "wilson",
        "confidence": 0.9,
    },
    "gamma_gamma": {"repeats": [0, 1, 2, 3, 5, 8], "repeat_value": [1.0, 20.0, 80.0, 35.0, 60.0, 25.0]},
    "bg_nbd": {
        "repeats": [0, 0, 0, 1, 1, 2, 4, 9],
        "first_to_last_days": [0, 0, 0, 5, 150, 30, 160, 190],
        "age_days": [200, 190, 180, 170, 160, 200, 190, 200],
    },
    "gini": {"values": [1.0, 1.0, 2.0]},
    "hhi_bounds": {"cr": 0.534, "k": 5},
    "incremental": {
        "credited": [300.0, 20.0],
        "treated": [10_000.0, 100.0],
        "treated_conversions": [500.0, 10.0],
        "holdout": [10_000.0, 100.0],
        "holdout_conversions": [410.0, 0.0],
        "confidence": 0.9,
    },
    "k_factor": {"invites": [0.9, 2.0], "acceptance": [0.22, 0.5]},
    "kaplan_meier": {"days": [5.0, 10.0, 10.0, 20.0], "ended": [True, True, False, False], "confidence": 0.9},
    "keyword_opportunity": {
        "volume": [1000.0, 9000.0],
        "difficulty": [20.0, 95.0],
        "value": [2.0, 2.0],
        "ctr": [0.1, 0.1],
        "current_ctr": [0.0, 0.02],
    },
    "littles_law": {"number": [30.0, 20.0], "rate": [10.0, 2.0]},
    "lorenz": {"values": [1.0, 1.0, 2.0]},
    "loss_simulation": {"p_year": [0.5, 0.1], "loss_low": [10.0, 100.0], "loss_high": [20.0, 1000.0], "years": 50, "seed": 0},
    "ltv": {"margin": [10.0, 10.0, 50.0], "age_days": [0.0, 30.0, 365.0], "customers": 2.0, "horizon": "365d", "discount": 0.1},
    "ltv_from_retention": {"margin": [10.0, 5.0], "retention": [0.75, 0.5], "discount": [0.1, 0.0], "periods": 3},
    "mix_effects": {
        "before": SPEND.rename(columns={"clicks": "orders", "impressions": "visits"}),
        "after": SPEND.rename(columns={"clicks": "orders", "impressions": "visits"}),
        "by": "channel",
        "numerator_col": "orders",
        "denominator_col": "visits",
    },
    "mrr_waterfall": {"spells": SPELLS, "observed_until": "2025-04-30"},
    "net_reach": {"reach": [400.0, 300.0], "audience": 1000.0},
    "newsvendor": {"demand": [10.0, 20.0, 30.0], "price": 5.0, "cost": 2.0, "salvage": 0.5},
    "nps": {"surveys": SURVEYS, "by": "os", "weight_col": "weight", "confidence": 0.9},
    "page_rank": {"links": LINKS, "damping": 0.85},
    "payback": {"margin": [30.0, 40.0, 50.0], "age_days": [0.0, 12.0, 31.0], "cost": 100.0, "discount": 0.1},
    "peeking": {"looks": [10.0, 20.0, 40.0], "alpha": 0.05},
    "platform_score": {"items": ITEMS, "weights": {"done": 3.0, "views": 1.0}, "scale": "rank"},
    "priority": {"scope": [3, 1], "severity": [1, 3], "fixability": [1, 3], "rule": "additive"},
    "queue_sim": {"agents": 2, "arrivals": [0.0, 1.0, 2.0], "handling": [10.0, 10.0, 1.0]},
    "proportion_interval": {"successes": [81, 5], "n": [92, 9], "method": "wilson", "confidence": 0.9},
    "ratio_metric": {
        "units": UNITS,
        "numerator_col": "minutes",
        "denominator_col": "before",
        "control": "control",
        "unit_col": "unit",
        "confidence": 0.9,
    },
    "ratio_of_sums": {
        "frame": ITEMS,
        "numerator_col": "done",
        "denominator_col": "views",
        "by": "kind",
        "unit_col": "item",
        "confidence": 0.9,
    },
    "response_fit": {"spend": [100.0, 400.0, 900.0, 1600.0], "response": [21.0, 39.0, 62.0, 80.0], "method": "nonlinear"},
    "retention": {
        "activity": VISITS,
        "users": USERS,
        "days": [1, 7],
        "kind": "bracket",
        "observed_until": "2025-04-30",
        "by": "os",
        "width": "7d",
        "interval": "wilson",
        "confidence": 0.9,
        "date_col": "day",
    },
    "rfm": {"orders": ORDERS, "snapshot": "2025-07-01", "scores": 3},
    "rfm_segments": {"scored": SCORED},
    "roas": {"revenue": [150.0, 10.0], "cost": [100.0, 20.0]},
    "roi": {"gain": [150.0, 10.0], "cost": [100.0, 20.0]},
    "sequential_interval": {
        "difference": [0.01, 0.02],
        "standard_error": [0.004, 0.003],
        "n": [20_000.0, 30_000.0],
        "tuned_for": 20_000.0,
        "confidence": 0.9,
    },
    "session_summary": {"views": VIEWS},
    "sessions": {"log": EVENTS, "gap": "30m"},
    "shapley2": {"neither": [10.0, 0.0], "first": [40.0, 1.0], "second": [30.0, 2.0], "both": [80.0, 3.0]},
    "shrink_rates": {"successes": [2, 20, 90], "n": [4, 100, 300], "confidence": 0.9},
    "spread": {
        "response_delay": "6h",
        "hours": 12,
        "audience": 1e6,
        "first": 10.0,
        "growth": 0.5,
        "fade": 0.2,
        "effect": 0.5,
    },
    "srm": {"units": {"control": 4242, "new": 3758}, "planned": {"control": 1.0, "new": 1.0}},
    "stl_residual": {"daily": DAILY, "threshold": 3.0, "date_col": "day"},
    "total_per_seed": {"k": [0.2, 1.1]},
    "trailing_z": {"daily": DAILY, "threshold": 3.0, "days": 7, "date_col": "day"},
    "weekday_ratio": {"daily": DAILY, "tolerance": 0.25, "weeks": 2, "date_col": "day"},
}


def test_every_public_measure_is_tried():
    assert sorted(CALLS) == sorted(MEASURES)


def put(value):
    """Put a value of any type into one row."""

    def damage(column, row):
        values = column.astype(object)
        values.iloc[row] = value
        return values

    return damage


def number(value):
    """Put a number into one row of a numeric column."""
    return lambda column, row: pd.Series(np.where(np.arange(len(column)) == row, value, column.astype(float)), column.index)


def moment(value):
    """Put a time into one row of a column of times."""
    return lambda column, row: column.astype("datetime64[us]").where(np.arange(len(column)) != row, pd.Timestamp(value))


def zoned(zone, other):
    """Times of a zone, but one row of another one."""
    return lambda column, row: put(column.iloc[row].tz_localize(other))(column.dt.tz_localize(zone), row)


# What a column can be instead of what it should be: (column, row) -> column.
DAMAGE = {
    "None": put(None),
    "NaN": put(float("nan")),
    "NaT": put(pd.NaT),
    "NA": put(pd.NA),
    "all empty": lambda column, row: pd.Series([None] * len(column), column.index, dtype=object),
    "a word": put("x"),
    "a number": put(7),
    "a fraction": put(7.5),
    "a list": put([1, 2]),
    "a dict": put({"a": 1}),
    "bytes": put(b"x"),
    "lists": lambda column, row: pd.Series([[1]] * len(column), column.index),
    "text": lambda column, row: column.astype(str),
    "dates as text": lambda column, row: pd.Series(["2025-03-01"] * len(column), column.index),
    "booleans": lambda column, row: pd.Series([True] * len(column), column.index),
    "lengths of time": lambda column, row: pd.Series([pd.Timedelta("1D")] * len(column), column.index),
    "months": lambda column, row: pd.Series(pd.period_range("2025-01", periods=len(column), freq="M"), column.index),
    "times of day": lambda column, row: pd.Series([dt.time(3)] * len(column), column.index),
    "complex numbers": lambda column, row: column.astype(complex),
    "inf": number(np.inf),
    "-inf": number(-np.inf),
    "-1": number(-1.0),
    "1e308": number(1e308),
    "-1e308": number(-1e308),
    "1e200": number(1e200),
    "5e-324": number(5e-324),
    "2**62": number(2.0**62),
    "all 0": lambda column, row: 0 * column.astype(float),
    "all 1e308": lambda column, row: 0 * column.astype(float) + 1e308,
    "the year 1": moment("0001-01-01"),
    "the year 9999": moment("9999-12-31"),
    "the first time": lambda column, row: column.where(np.arange(len(column)) != row, pd.Timestamp.min).astype(
        "datetime64[ns]"
    ),
    "zones": zoned("Asia/Shanghai", "Europe/Berlin"),
    "naive and aware": zoned(None, "Asia/Shanghai"),
}

# What it can be as well without changing the answer.
HARMLESS = {
    "Int64": lambda column: column.astype("Int64") if column.dtype.kind == "i" else 1 / 0,
    "uint8": lambda column: column.astype("uint8") if column.dtype.kind == "i" and column.between(0, 255).all() else 1 / 0,
    "pyarrow numbers": lambda column: column.astype("int64[pyarrow]") if column.dtype.kind == "i" else 1 / 0,
    "decimals": lambda column: column.map(lambda value: decimal.Decimal(str(value))) if column.dtype.kind == "f" else 1 / 0,
    "Python text": lambda column: column.astype(object) if column.dtype == "str" else 1 / 0,
    "pyarrow text": lambda column: column.astype("string[pyarrow]") if column.dtype == "str" else 1 / 0,
    "categories": lambda column: column.astype("category") if column.dtype == "str" else 1 / 0,
    "seconds": lambda column: column.astype("datetime64[s]") if column.dtype.kind == "M" else 1 / 0,
    "nanoseconds": lambda column: column.astype("datetime64[ns]") if column.dtype.kind == "M" else 1 / 0,
    "pyarrow times": lambda column: column.astype("timestamp[ns][pyarrow]") if column.dtype.kind == "M" else 1 / 0,
    "Python times": lambda column: column.map(pd.Timestamp.to_pydatetime).astype(object) if column.dtype.kind == "M" else 1 / 0,
    "a zone": lambda column: column.dt.tz_localize("Asia/Shanghai"),
    "a pyarrow zone": lambda column: column.dt.tz_localize("Asia/Shanghai").astype("timestamp[us, tz=Asia/Shanghai][pyarrow]"),
}

# What all rows or columns can be.
SHAPES = {
    "a column is missing": lambda table, column, row: table.drop(columns=column),
    "a column is misspelt": lambda table, column, row: table.rename(columns={column: f"{column}s"}),
    "two columns of one name": lambda table, column, row: pd.concat([table, table[[column]]], axis=1),
    "no rows": lambda table, column, row: table[:0],
    "one row": lambda table, column, row: table[row : row + 1],
    "two rows": lambda table, column, row: table[:2],
    "rows twice": lambda table, column, row: pd.concat([table, table]),
    "all the same": lambda table, column, row: table.assign(**{column: table[column].iloc[row]}),
    "columns with numbers": lambda table, column, row: table.rename(columns={column: 5}),
    "columns in two levels": lambda table, column, row: table.set_axis(
        pd.MultiIndex.from_product([["a"], table.columns]), axis=1
    ),
}

FRAMES = [
    (name, argument) for name, call in CALLS.items() for argument, value in call.items() if isinstance(value, pd.DataFrame)
]


def outcome(kind, name, **changed):
    """What a call with some arguments changed answers on one kind of frame: pandas frame, error, or None if it cannot exist."""
    call = CALLS[name] | changed
    connection = duckdb.connect()
    try:
        tables = {
            argument: brought(kind, connection, f"t{at}", value)
            for at, (argument, value) in enumerate(call.items())
            if isinstance(value, pd.DataFrame)
        }
    except Exception:  # this kind of frame has no such values, or nobody can bring them there
        return None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "DUCKDB_FROM_ROWS", 0 if "executed" in kind else 10**9)
        try:
            answer = MEASURES[name](**call | tables)
        except OpsCourseError as error:
            return error
    return plain(answer) if tables else answer


def check(answer):
    """An answer has no infinite number, unless it was in a column that it repeats."""
    for column in answer.select_dtypes("float"):
        assert not np.isinf(answer[column]).any(), f"{column} is infinite"


def values(answer):
    """The rows as tuples of rounded numbers and text, sorted: what any kind of frame must agree on."""

    def value(cell):
        if pd.api.types.is_scalar(cell) and pd.isna(cell):
            return ""
        if isinstance(cell, (bool, int, float, np.number, np.bool_, decimal.Decimal)):
            return f"{float(cell):.9g}"
        if isinstance(cell, pd.Timestamp):
            cell = cell.tz_localize(None)
        return str(cell).removesuffix(" 00:00:00")

    return sorted(tuple(map(value, row)) for row in answer.itertuples(index=False))


@pytest.mark.parametrize("name", CALLS)
def test_the_calls_are_valid(name):
    assert not isinstance(outcome("pandas", name), OpsCourseError)


@pytest.mark.parametrize(("name", "argument"), FRAMES)
@given(st.data())
@settings(max_examples=4 * DEEPER, derandomize=DEEPER == 1)
def test_a_damaged_frame_is_answered_alike_everywhere_or_refused_by_name(name, argument, data):
    table = CALLS[name][argument]
    column, row = data.draw(st.sampled_from(list(table))), data.draw(st.integers(0, len(table) - 1))
    how, other = data.draw(st.sampled_from([*DAMAGE, *SHAPES])), data.draw(st.sampled_from(KINDS[1:]))
    try:
        damaged = (
            SHAPES[how](table, column, row) if how in SHAPES else table.assign(**{column: DAMAGE[how](table[column], row)})
        )
    except (TypeError, ValueError, AttributeError):
        assume(False)  # such a column cannot be damaged like this
    found = [outcome(kind, name, **{argument: damaged}) for kind in ("pandas", other)]
    for error in found:
        assert not isinstance(error, OpsCourseError) or any(word in str(error) for word in (argument, *table))
    answers = [answer for answer in found if isinstance(answer, pd.DataFrame)]
    for answer in answers:
        check(answer.drop(columns=column, errors="ignore"))
        assert values(answer) == values(answers[0])


@pytest.mark.parametrize(("name", "argument"), FRAMES)
@given(st.data())
@settings(max_examples=3 * DEEPER, derandomize=DEEPER == 1, suppress_health_check=[HealthCheck.filter_too_much])
def test_the_order_of_rows_and_other_types_of_the_same_values_change_nothing(name, argument, data):
    table = CALLS[name][argument]
    kind, column = data.draw(st.sampled_from(KINDS)), data.draw(st.sampled_from(list(table)))
    order = data.draw(st.one_of(st.just(slice(None, None, -1)), st.permutations(range(len(table)))))
    changed, how = table.iloc[order].set_axis([7] * len(table)), data.draw(st.sampled_from([None, *HARMLESS]))
    if how:
        try:
            changed = changed.assign(**{column: HARMLESS[how](changed[column])})
        except (TypeError, ValueError, AttributeError, ArithmeticError, UserWarning):
            assume(False)  # not for this column
    answer, expected = outcome(kind, name, **{argument: changed}), outcome("pandas", name)
    assume(answer is not None)
    if how in ("a zone", "a pyarrow zone", "categories") and isinstance(answer, OpsCourseError):
        assert column in str(answer)  # DuckDB's times with a zone, and two columns of two zones or categories, are refused
    else:
        assert values(answer) == values(expected)


ODD = [
    *(float("nan"), float("inf"), -float("inf"), -1, 0, -0.5, 0.5, 1, 2, 7, 1e308, 1e200, 5e-324, 10**400, 2**70, True, False),
    *(None, "x", "", "1", "7d", "0d", "-7d", "7 years", "99999999999999999d", "2025-02-30", "9999-12-31", [], [1], {}, {1}),
    *(pd.NaT, np.int64(3), np.float64(0.5), np.ones((2, 2)), pd.Series([1.0]), decimal.Decimal("0.5"), 1j, b"x", len),
    *(pd.Timedelta("1D"), dt.timedelta(-1), dt.date(2025, 3, 1), pd.Timestamp.min, [[1], [2, 3]]),
]
UNENDING = {"erlang_c", "cash_runway", "ResponseCurve.marginal"}  # infinite by definition: queues, cash, the first unit spent
ARGUMENTS = [
    (name, argument) for name, call in CALLS.items() for argument, value in call.items() if not isinstance(value, pd.DataFrame)
]


def numbers(answer):
    """All numbers of an answer of any form, one after the other."""
    if isinstance(answer, pd.DataFrame):
        answer = answer.select_dtypes("number").to_numpy(dtype=float)
    if hasattr(answer, "__dataclass_fields__"):
        answer = [getattr(answer, field) for field in answer.__dataclass_fields__]
    return np.concatenate([np.ravel(part) for part in (answer if isinstance(answer, (list, tuple)) else [answer])] or [[]])


@pytest.mark.parametrize(("name", "argument"), ARGUMENTS)
@given(st.data())
@settings(max_examples=4 * DEEPER, derandomize=DEEPER == 1)
def test_an_odd_argument_is_answered_with_numbers_or_refused(name, argument, data):
    value, odd = CALLS[name][argument], data.draw(st.sampled_from(ODD))
    if isinstance(value, (list, dict)) and data.draw(st.booleans()):  # one of its values, or another length
        names = list(value) if isinstance(value, dict) else range(len(value))
        at = data.draw(st.sampled_from(names))
        odd = (
            value | {at: odd}
            if isinstance(value, dict)
            else data.draw(
                st.sampled_from([[*value[:at], odd, *value[at + 1 :]], value[:at], [*value, odd], [odd] * len(value)])
            )
        )
    try:
        answer = MEASURES[name](**CALLS[name] | {argument: odd})
    except OpsCourseError:
        return
    if name not in UNENDING:
        assert not np.isinf(numbers(answer)).any()
