"""The answers to exercise 4, against numbers worked out by hand on ten visits."""

import pandas as pd
import pytest
from classroom import ROOT

from opscourse.exercise import answers

PATH = ROOT / "exercises/answers/data/04_read_a_retention_curve.py"
CHANNELS = pd.DataFrame({"channel_id": [1, 2], "channel": ["dy", "xhs"]})


def company(signups, visits):
    """A `load` for a company: user -> (day of sign-up, channel_id), and (user, day) of each visit."""
    tables = {
        "channels": CHANNELS,
        "users": pd.DataFrame(
            {
                "user_id": list(signups),
                "signup_ts": pd.to_datetime([f"{day} 23:50" for day, _ in signups.values()]),
                "channel_id": [channel for _, channel in signups.values()],
            }
        ),
        "daily_activity": pd.DataFrame(
            {"user_id": [user for user, _ in visits], "date": pd.to_datetime([day for _, day in visits])}
        ),
    }
    return lambda table: tables[table].copy()


def worked_out(name, load):
    """The right answer and all mistakes of a question: sentence -> value."""
    question = answers.questions(PATH)[name]
    return question.right(load), {sentence: mistake(load) for sentence, mistake in question.mistakes.items()}


def by_word(mistakes, word):
    """The value of the mistake whose sentence holds a word."""
    (found,) = [value for sentence, value in mistakes.items() if word in sentence]
    return found


def test_day_30_is_a_share_of_those_who_have_had_a_day_30():
    """Users 1 and 2 have had one, and 1 was here. User 3 is too young, 4 came by another channel, 5 signed up in April."""
    signups = {1: ("2025-05-30", 1), 2: ("2025-05-31", 1), 3: ("2025-06-01", 1), 4: ("2025-05-30", 2), 5: ("2025-04-30", 1)}
    visits = [(1, "2025-05-30"), (1, "2025-06-29"), (2, "2025-05-31"), (2, "2025-06-28"), (3, "2025-06-01"), (3, "2025-06-30")]
    visits += [(4, "2025-05-30"), (4, "2025-06-29"), (5, "2025-04-30"), (5, "2025-05-30")]
    right, mistakes = worked_out("4.2", company(signups, visits))
    assert right == 1 / 2
    assert by_word(mistakes, "everybody") == pytest.approx(1 / 3)
    assert by_word(mistakes, "one day early") == pytest.approx(1 / 3)  # user 3, on 30 June
    assert by_word(mistakes, "all channels") == pytest.approx(2 / 3)
    assert by_word(mistakes, "chose visits") == 1  # 1 on 29 June and 5 on 30 May, of 2
    assert by_word(mistakes, "all months") == pytest.approx(2 / 3)  # 1 and 5, of 1, 2 and 5
    assert by_word(mistakes, "counts the users") == 1


def test_the_origin_of_a_visit_looks_one_day_back_also_across_the_end_of_a_month():
    """Seven visits in March: two new (2 and 3), two after a visit on the day before (1 and 2), three after a pause."""
    signups = {1: ("2025-02-28", 1), 2: ("2025-03-01", 1), 3: ("2025-03-31", 1), 4: ("2025-02-01", 1)}
    visits = [(1, "2025-02-28"), (1, "2025-03-01"), (1, "2025-03-03"), (2, "2025-03-01"), (2, "2025-03-02"), (2, "2025-03-05")]
    visits += [(3, "2025-03-31"), (3, "2025-04-01"), (4, "2025-02-01"), (4, "2025-03-20")]
    right, mistakes = worked_out("4.3", company(signups, visits))
    shares = right.set_index("origin")["share"] * 7
    assert shares.to_dict() == pytest.approx({"new": 2, "yesterday": 2, "pause": 3})
    assert by_word(mistakes, "cut out first").set_index("origin")["share"].mul(7).to_dict() == pytest.approx(
        {"new": 2, "yesterday": 1, "pause": 4}
    )
    assert by_word(mistakes, "gap of two days").set_index("origin")["share"].mul(7).to_dict() == pytest.approx(
        {"new": 2, "yesterday": 3, "pause": 2}
    )
    assert by_word(mistakes, "are counts").set_index("origin")["share"].to_dict() == pytest.approx(
        {"new": 2, "yesterday": 2, "pause": 3}
    )


def test_who_left_before_day_7_says_nothing_about_a_visit_on_day_7():
    """Here on day 7: users 1 (also on day 30) and 2. Away but seen later: 3, and 4 (also on day 30). Gone: 5. Too young: 6."""
    signups = dict.fromkeys((1, 2, 3, 4, 5), ("2025-05-01", 1)) | {6: ("2025-06-30", 1)}
    visits = [(1, "2025-05-08"), (1, "2025-05-31"), (2, "2025-05-08"), (2, "2025-05-21"), (3, "2025-05-09")]
    visits += [(3, "2025-06-10"), (4, "2025-05-10"), (4, "2025-05-31"), (5, "2025-05-01"), (6, "2025-06-30")]
    right, mistakes = worked_out("4.5", company(signups, visits))
    assert right.set_index("day_7")["rate"].to_dict() == {"here": 1 / 2, "away": 1 / 2}
    report = by_word(mistakes, "report's own").set_index("day_7")["rate"]
    assert report.to_dict() == pytest.approx({"here": 1 / 2, "away": 1 / 3})
    later = by_word(mistakes, "day 30 or later; asked").set_index("day_7")["rate"]
    assert later.to_dict() == {"here": 1 / 2, "away": 1}


def test_a_days_active_users_are_each_days_signups_times_the_rate_of_their_age():
    """100 who are on day 3 (10%), 100 on day 2 (20%), nobody since: 30."""
    dau = answers.questions(PATH)["4.4"].right
    assert dau([100, 100, 0, 0], [1, 0.4, 0.2, 0.1]) == pytest.approx(30)
    assert dau([5, 10], [1, 0.3, 0.2, 0.15]) == pytest.approx(11.5)
