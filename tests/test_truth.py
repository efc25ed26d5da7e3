"""A lesson that ends on "how far were we from it?" gets the truth of the company it looked at."""

import json
import math

import numpy as np
import pytest

import opscourse
from opscourse.company import store, truths
from opscourse.company.parameters import Parameters
from opscourse.company.tables.hidden import HIDDEN
from opscourse.errors import DataUnavailable, UnknownName


def test_a_parameter_a_figure_and_a_hidden_table_are_had_by_name():
    assert opscourse.truth("quality.effect") == 0.04
    assert round(opscourse.truth("retention.d30"), 3) == 0.100
    assert opscourse.truth("people").shape[0] == 20_000


def test_the_list_has_every_name_with_its_meaning_and_every_name_on_it_can_be_asked_for():
    listed = opscourse.truth()
    assert listed.columns.tolist() == ["value", "unit", "meaning", "lesson", "varies"]
    assert listed.index.is_unique
    assert (listed["meaning"].str.len() > 0).all()
    numbers = listed[listed["value"].map(lambda value: not (isinstance(value, str) and value == "a table"))]
    assert (numbers["unit"].str.len() > 0).all()
    assert numbers["lesson"].between(1, 30).all()
    dates = numbers["unit"] == "date"
    assert numbers["value"][dates].map(lambda value: "-" in str(value)).all()
    assert set(HIDDEN) <= set(listed.index)
    for name, value in listed["value"].items():
        asked = opscourse.truth(name)
        assert value == "a table" and len(asked) > 0 if hasattr(asked, "columns") else asked == value


@pytest.mark.parametrize(("given", "near"), [("quality.efect", "quality.effect"), ("retention.d3", "retention.d30")])
def test_an_unknown_name_is_told_the_nearest(given, near):
    with pytest.raises(UnknownName, match=near):
        opscourse.truth(given)


def test_a_name_that_is_near_to_nothing_is_sent_to_the_list():
    with pytest.raises(UnknownName, match="truth\\(\\) lists all"):
        opscourse.truth("zzzzqqqq")


def test_each_true_retention_is_the_published_one():
    figures = [round(opscourse.truth(f"retention.d{day}"), 3) for day in (1, 7, 30)]
    assert figures == [0.300, 0.200, 0.100]


def test_survival_is_the_mean_over_users_of_their_own_chance_to_stay():
    known = Parameters()
    stream = np.random.default_rng(1)
    dropout = stream.beta(known.lifetime.dropout_a, known.lifetime.dropout_b, 400_000)
    for days in (1, 7, 30, 365):
        assert truths.alive(known, days) == pytest.approx(((1 - dropout) ** days).mean(), abs=0.003)


def test_twelve_of_the_46_touchpoints_hurt_and_a_third_of_them_pass_their_probes():
    table = opscourse.truth("touchpoints")
    assert len(table) == 46
    assert opscourse.truth("quality.pain_touchpoints") == tuple(table["tp_id"][table["pain"]])
    assert table["pain"].sum() == 12
    assert table["green_but_hated"].sum() == 4
    assert table["pain"][table["green_but_hated"]].all()


def test_six_tests_do_nothing_one_harms_and_one_loses_units():
    arms = opscourse.truth("experiments")
    assert len(opscourse.truth("experiments.no_effect")) == 6
    assert arms["exp_id"].nunique() == 24
    assert set(arms["name"][arms["lift"] < 0]) == {"autoplay_popup"}
    assert set(arms["name"][~np.isclose(arms["planned"], arms["real"])]) == {"quick_checkout"}


def test_both_readings_of_the_channel_mix_are_known():
    channels = opscourse.truth("channels").set_index("channel")
    pair = channels.loc[["dy", "xhs"]]
    assert math.isclose(pair["share"].sum(), opscourse.truth("source.last_click"))
    assert math.isclose((pair["share"] * pair["incremental"]).sum(), opscourse.truth("source.incremental"))


def test_another_company_answers_with_its_own_truth(tmp_path):
    manifest = dict(store.manifest(store.shipped_folder()))
    manifest["parameters"] = json.loads(json.dumps(manifest["parameters"]))
    manifest["parameters"]["quality"]["effect"] = 0.05
    (tmp_path / "company.json").write_text(json.dumps(manifest))
    opscourse.use(tmp_path)
    try:
        assert opscourse.truth("quality.effect") == 0.05
        assert opscourse.truth("quality.before_after") == pytest.approx(0.10)
        with pytest.raises(DataUnavailable, match="people"):
            opscourse.truth("people")
    finally:
        opscourse.use(None)
