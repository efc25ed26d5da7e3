"""A figure shows the numbers that it was given, under the title that says what they mean."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib import pyplot as plt

from opscourse import charts
from opscourse.errors import ArgumentError

DAYS = pd.to_datetime(["2025-01-01", "2025-01-02", "2025-01-03"])
RATES = pd.DataFrame({"os": ["ios", "ios", "web", "web"], "day": [1, 7] * 2, "rate": [0.3, 0.2, 0.4, 0.1]})
FRAMES = {
    "retention_curves": RATES.assign(low=RATES["rate"] - 0.05, high=RATES["rate"] + 0.05),
    "cohort_triangle": pd.DataFrame({"cohort": DAYS[[0, 0, 1]], "period": [0, 1, 0], "rate": [1, 0.5, 1]}),
    "funnel_bars": pd.DataFrame({"event": ["view", "cart", "pay"], "reached": [1000, 0, 0]}),
    "stacked_activity": pd.DataFrame({"date": DAYS, "cohort": ["a", "b", "a"], "users": [3, 5, 7]}),
    "lorenz_curve": pd.DataFrame({"items": [0, 0.5, 1], "total": [0, 0.1, 1]}),
    "control_chart": pd.DataFrame({"date": DAYS, "value": [9, 2, 8], "expected": [9, 9, 9], "alarm": [False, True, None]}),
    "rfm_map": pd.DataFrame({"r": [1, 5, 5], "f": [1, 5, 5], "monetary": [10.0, 40.0, 50.0]}),
    "attribution_bars": pd.DataFrame({"channel": ["mail", "shop"], "rule": ["linear"] * 2, "share": [0.75, 0.25]}),
    "flow_diagram": pd.DataFrame({"source": ["new", "new"], "target": ["active", "gone"], "users": [40, 60]}),
}


@pytest.fixture(autouse=True)
def closed():
    with mpl.rc_context(), plt.style.context("opscourse.course"):
        yield
    plt.close("all")


@pytest.mark.parametrize("name", charts.__all__)
def test_every_chart_takes_any_frame_draws_where_it_is_told_and_says_its_finding(name):
    chart, frame = getattr(charts, name), FRAMES[name]
    for given in (frame, pl.from_pandas(frame), pl.from_pandas(frame).lazy()):
        axes = plt.figure().subplots()
        assert chart(given, title="A finding", ax=axes) is axes
        assert axes.get_title(loc="left") == "A finding"
        axes.figure.canvas.draw()
    before = plt.get_fignums()
    assert chart(frame, title="A finding").figure.number not in before


@pytest.mark.parametrize("name", charts.__all__)
def test_a_missing_column_is_named_and_an_empty_frame_refused(name):
    chart, frame = getattr(charts, name), FRAMES[name]
    needed = [column for column in frame if column != "os"]
    for column in needed:
        with pytest.raises(ArgumentError, match=f"Column '{column}' is missing"):
            chart(frame.drop(columns=column), title="")
    with pytest.raises(ArgumentError, match="no rows"):
        chart(frame.head(0), title="")


def test_curves_and_bands_are_the_rates_in_per_cent():
    axes = charts.retention_curves(FRAMES["retention_curves"], title="", by="os")
    assert [line.get_ydata().round(9).tolist() for line in axes.lines] == [[30, 20], [40, 10]]
    assert axes.collections[0].get_paths()[0].get_extents().ymax == pytest.approx(35)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ios", "web"]


def test_a_triangle_leaves_blank_what_is_not_observed():
    axes = charts.cohort_triangle(FRAMES["cohort_triangle"], title="")
    assert [text.get_text() for text in axes.texts] == ["100", "50", "100"]
    assert np.isnan(axes.images[0].get_array().filled(np.nan)[1, 1])


def test_a_funnel_has_no_share_of_nobody():
    axes = charts.funnel_bars(FRAMES["funnel_bars"], title="")
    assert [text.get_text() for text in axes.texts] == ["1,000", "0 (0% of view)", "0"]


def test_a_stack_is_as_high_as_all_cohorts_together():
    axes = charts.stacked_activity(FRAMES["stacked_activity"], title="")
    assert axes.collections[-1].get_paths()[0].get_extents().ymax == 7
    many = pd.DataFrame({"date": DAYS[0], "cohort": range(30), "users": 1})
    assert len(charts.stacked_activity(many, title="").get_legend().get_texts()) <= 10


def test_alarms_are_the_days_that_rang():
    alarms = charts.control_chart(FRAMES["control_chart"], title="").lines[2]
    assert alarms.get_ydata().tolist() == [2]


def test_a_map_counts_customers_and_colours_money():
    axes = charts.rfm_map(FRAMES["rfm_map"], title="")
    assert [text.get_text() for text in axes.texts] == ["1", "0", "0", "2"]
    assert axes.images[0].get_array().tolist() == [[10, 0], [0, 90]]


def test_the_truth_stands_beside_the_credit():
    axes = charts.attribution_bars(FRAMES["attribution_bars"], {"mail": 0.5}, title="")
    assert [bar.get_height() for bar in axes.patches] == [75, 25]
    assert axes.collections[0].get_segments()[0][:, 1].tolist() == [50, 50]


def test_bands_are_as_wide_as_what_flows_and_never_negative():
    axes = charts.flow_diagram(FRAMES["flow_diagram"], title="")
    left = [path.vertices[path.vertices[:, 0] == 0, 1] for band in axes.collections for path in band.get_paths()]
    assert [np.ptp(edge).round() for edge in left] == [40, 60]
    with pytest.raises(ArgumentError, match="-3 for new to gone"):
        charts.flow_diagram(pd.DataFrame({"source": ["new"], "target": ["gone"], "users": [-3]}), title="")
