"""Exercise 9 on ten probes and in small numbers, worked out by hand, so that helper and answers cannot be wrong together."""

from pathlib import Path

import pandas as pd
import pytest

from opscourse.exercise import answers

QUESTIONS = answers.questions(Path(__file__).parents[1] / "exercises/answers/product/09_judge_a_quality_claim.py")

TABLES = {
    "dial_tests": pd.DataFrame(
        {  # day, wave, touchpoint, city, passed
            "date": pd.to_datetime(["2024-10-01"] * 2 + ["2024-10-14"] * 2 + ["2024-12-31"] * 2 + ["2025-01-01"] * 4),
            "wave": pd.array([None, None, 1, 1, None, None, None, None, None, None], dtype="Int64"),
            "tp_id": [1, 1, 1, 2, 1, 1, 1, 1, 1, 1],
            "city_id": [1, 2, 1, 1, 1, 2, 1, 1, 2, 2],
            "passed": [True, True, False, True, False, False, True, True, True, False],
        }
    ),
    "touchpoints_cx": pd.DataFrame({"tp_id": [1, 2], "touchpoint": ["cart", "poster"], "stage": ["use", "awareness"]}),
    "cities": pd.DataFrame({"city_id": [1, 2], "tier": [1, 4], "quality_treated": [True, False]}),
}


def right(name):
    return QUESTIONS[name].right(lambda table: TABLES[table].copy())


def test_one_change_is_said_in_points_in_passes_and_in_failures():
    """Before: 2 of 4 daily probes passed; since: 3 of 4. The two probes of the wave do not count."""
    changes = right("9.2").set_index("stage").loc["use"]
    assert changes["points"] == pytest.approx(0.25)
    assert changes["passes"] == pytest.approx(0.50)
    assert changes["failures"] == pytest.approx(-0.50)


def test_what_the_system_added_is_its_gain_less_the_gain_without_it():
    """City 1, with the system: 1 of 2, then 2 of 2. City 2, without: 1 of 2, then 1 of 2."""
    assert right("9.3") == pytest.approx(0.5)


def test_a_gate_on_probes_lets_through_the_complaints_about_what_passes(monkeypatch):
    """The cart passes 3 of 4, the poster 1 of 1. Since January: content twice, once of the poster; a bug of the cart."""
    poster = TABLES["dial_tests"].tail(1).assign(tp_id=2, passed=True)
    messages = pd.DataFrame(
        {
            "ts": pd.to_datetime(["2024-12-31"] + ["2025-01-01"] * 4),
            "type": ["content", "content", "content", "bug", "praise"],
            "tp_id": [2, 1, 2, 1, 2],
        }
    )
    monkeypatch.setitem(TABLES, "feedback", messages)
    monkeypatch.setitem(TABLES, "dial_tests", pd.concat([TABLES["dial_tests"], poster]))
    assert right("9.4").set_index("type")["let_through"].to_dict() == {"bug": 0.0, "content": 0.5}


def test_those_with_a_red_light_were_better_before_the_list_was_made():
    """The cart failed in the wave; of its two daily probes before 14 October both had passed."""
    assert right("9.6") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("failing", "probes", "allowed", "by_hand"),
    [(0.5, 2, 1, 0.75), (0.5, 3, 0, 0.125), (0.5, 3, 2, 0.875), (0.1, 2, 1, 0.99), (0.0, 10, 0, 1.0)],
)
def test_a_gate_opens_as_often_as_counting_the_cases_says(failing, probes, allowed, by_hand):
    assert QUESTIONS["9.5"].right(failing, probes, allowed) == pytest.approx(by_hand)
