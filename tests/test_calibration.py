"""Each published figure that the course recomputes is in the data, within what chance allows; a wrong company is noticed."""

from dataclasses import replace

import pytest

from opscourse.company import calibrate as calibration
from opscourse.company import store
from opscourse.company.calibrate import FIGURES, Company, Row, calibrate, main

FOLDER = store.shipped_folder()
EXPECTED = [  # every figure whose tables exist
    *("Q01", "Q02", "Q03", "Q04", "Q08", "Q09", "Q10", "Q11", "Q12", "Q13", "Q14", "Q15", "Q16", "Q17", "Q18", "Q19", "Q20"),
    *(
        "Q21",
        "Q22",
        "Q23",
        "Q24",
        "Q25",
        "Q27",
        "Q28",
        "Q29",
        "Q30",
        "Q31",
        "Q32",
        "Q33",
        "Q35",
        "Q37",
        "Q39",
        "Q40",
        "Q41",
        "Q42",
    ),
    *("Q38", "Q43", "Q44", "Q45", "Q46", "Q48", "Q49", "Q50", "Q51", "Q52", "Q53", "Q54", "Q55", "Q56", "Q60", "Q61"),
]

# A company made from another parameter: its data would not agree with what this one says.
WRONG_PARAMETERS = {
    "Q01": ("lifetime", {"active": 0.36}),
    "Q02": ("lifetime", {"dropout_a": 0.80}),
    "Q03": ("lifetime", {"dropout_a": 0.80}),
    "Q08": ("checkout", {"steps": (0.45, 0.22, 0.36)}),
    "Q09": ("checkout", {"saved_address": 1.0, "timed_discount": 1.0}),
    "Q10": ("checkout", {"saved_address": 1.733}),
    "Q13": ("market", {"penetration": (0.04, 0.08)}),
    "Q14": ("market", {"size": 1.3}),
    "Q15": ("market", {"growth": 0.7}),
    "Q16": ("market", {"shares": (0.30, 0.19, 0.13)}),
    "Q17": ("market", {"lead": 0.30}),
    "Q18": ("survey", {"would_pay_after": 0.42}),
    "Q20": ("source", {"dy": 0.28, "xhs": 0.20}),
    "Q23": ("service", {"special": 0.25}),
    "Q24": ("corporate", {"top_five": 0.55}),
    "Q38": ("dirt", {"dated": 0.0}),
    "Q21": ("creator", {"panel_rate": 0.18}),
    "Q22": ("search", {"weights": (0.2, 0.2, 0.2, 0.2, 0.2)}),
    "Q27": ("service", {"triage_mean": 0.2}),
    "Q28": ("patience", {"scale": 8.0}),
    "Q29": ("quality", {"pain_points": 11}),
    "Q31": ("service", {"first_month": "2024-11"}),
    "Q32": ("quality", {"effect": 0.09}),
    "Q33": ("history", {"inflection": 2008}),
    "Q39": ("content", {"hold": {"scene": 0.65, "question": 0.65, "benefit": 0.65, "none": 0.65}}),
    "Q42": ("referral", {"bunching": 0.0}),
    "Q43": ("streak", {"badge_drop": 0.0}),
    "Q44": ("community", {"news": 1.0}),
    "Q60": ("purchase", {"double11": 1.0}),
    "Q35": ("jobs", {"adjusted": 0.18}),
    "Q51": ("flow", {"reopened_unverified": 0.05}),
    "Q55": ("goals", {"gap": 0.0}),
}

# Data in which the figure is not there: the table, and what was done to it.
WRONG_DATA = {
    "Q04": ("daily_activity", lambda t: t[t["date"] < "2025-06-02"]),
    "Q11": ("assignments", lambda t: t.assign(outcome=t["outcome"].where(t["arm"] == "control", 0))),
    "Q12": ("users", lambda t: t.assign(channel_id=t["channel_id"].replace({1: 3, 3: 1}))),
    "Q19": ("users", lambda t: t.assign(age=t["age"] + 3)),
    "Q25": ("orders", lambda t: t.assign(net_cny=t["net_cny"].where(t["user_id"] > 50, 1e5))),
    "Q30": ("dial_tests", lambda t: t.assign(passed=t["passed"] | (t["wave"] == 1).fillna(False).astype(bool))),
    "Q40": ("content_items", lambda t: t[t["style"] != "story"]),
    "Q41": ("content_items", lambda t: t[t["account"] != "sub3"]),
    "Q45": ("calendar", lambda t: t.assign(node=t["node_naive"])),
    "Q37": ("claims", lambda t: t.assign(type="number")),
    "Q49": ("enterprise_apps", lambda t: t[t["failure"] != "slow development"]),
    "Q50": ("app_versions", lambda t: t.iloc[::2]),
    "Q61": ("claims", lambda t: t[t["source"] != "duties essay"]),
    "Q46": ("tickets", lambda t: t[t["opened_ts"].dt.hour >= 8]),
    "Q48": ("ops_log", lambda t: t[t["pillar"] != "data"]),
    "Q52": ("touchpoints_cx", lambda t: t[t["severity"] < 3]),
    "Q53": ("channels", lambda t: t.assign(req_shown=True)),
    "Q56": ("ops_log", lambda t: t[t["step"] != 2]),
    "Q54": ("b2b_accounts", lambda t: t[t["segment"] != "estate"]),
}


@pytest.fixture(scope="module")
def table():
    return calibrate(FOLDER).set_index("figure")


def rows(number: str) -> list[Row]:
    return list(FIGURES[number](Company(FOLDER)))


def test_every_figure_whose_tables_exist_is_checked(table):
    assert sorted(FIGURES) == sorted(EXPECTED)
    assert set(table.index) == set(EXPECTED)


@pytest.mark.parametrize("number", EXPECTED)
def test_the_data_give_the_figure_within_its_tolerance(table, number):
    for row in table.loc[[number]].itertuples():
        assert abs(row.data - row.target) <= row.tolerance + 1e-9, f"{row.what}: {row.data}, not {row.target} ± {row.tolerance}"


@pytest.mark.parametrize("number", WRONG_PARAMETERS)
def test_data_of_a_company_with_another_parameter_are_noticed(number, monkeypatch):
    topic, wrong = WRONG_PARAMETERS[number]
    known = store.parameters(FOLDER)
    other = replace(known, **{topic: replace(getattr(known, topic), **wrong)})
    monkeypatch.setattr(store, "parameters", lambda folder=None: other)
    assert not all(row.ok for row in rows(number))


@pytest.mark.parametrize("number", WRONG_DATA)
def test_data_without_the_figure_are_noticed(number, monkeypatch):
    name, spoil = WRONG_DATA[number]
    whole = store.table_of
    monkeypatch.setattr(
        store, "table_of", lambda folder, table: (spoil if table.name == name else lambda t: t)(whole(folder, table))
    )
    assert not all(row.ok for row in rows(number))


def test_every_figure_has_been_seen_to_fail():
    assert sorted([*WRONG_PARAMETERS, *WRONG_DATA]) == sorted(EXPECTED)


def test_published_percentages_print_as_published(table):
    printed = {number: [f"{value:.2f}" for value in table.loc[[number], "data"]] for number in ("Q30", "Q31")}
    assert printed == {"Q30": ["88.04", "97.83"], "Q31": ["32.14", "15.09"]}


def test_the_command_prints_the_table_and_fails_when_a_figure_is_off(capsys, monkeypatch):
    assert main([]) == 0
    assert "rows agree" in capsys.readouterr().out
    monkeypatch.setitem(calibration.FIGURES, "Q19", lambda company: iter([Row("a wrong share", 0.7, 0.5, 0.1, "test")]))
    assert main(["--data", str(FOLDER)]) == 1
    assert "1 off" in capsys.readouterr().out
