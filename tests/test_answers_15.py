"""The answers to exercise 15, against numbers worked out by hand on ten rows."""

import pandas as pd
import pytest
from classroom import ROOT

from opscourse.exercise import answers

PATH = ROOT / "exercises/answers/content/15_read_platform_numbers.py"


def frame(columns, *rows):
    """A table from its rows."""
    return pd.DataFrame(rows, columns=columns.split())


def worked_out(name, **tables):
    """The right answer and all mistakes of a question on these tables: sentence -> value."""
    question = answers.questions(PATH)[name]

    def load(table):
        return tables[table].copy()

    return question.right(load), {sentence: mistake(load) for sentence, mistake in question.mistakes.items()}


def by_word(mistakes, word):
    """The value of the mistake whose sentence holds a word."""
    (found,) = [value for sentence, value in mistakes.items() if word in sentence]
    return found


def test_a_hit_lifts_the_mean_of_its_source_and_not_its_median():
    """Piece 1 is watched for 10 minutes, 2 for 30; of what users made, 3, 4 and 5 for one minute each and 6 for 37."""
    items = frame(
        "content_id source kind minutes",
        *[(piece, "PGC", "course", 20) for piece in (1, 2)],
        *[(piece, "UGC", "course", 50) for piece in (3, 4, 5, 6, 7)],
    )
    views = frame(
        "user_id content_id minutes",
        *[(1, 1, 4), (2, 1, 6), (1, 2, 30), (1, 3, 1), (2, 4, 1), (3, 5, 1), (1, 6, 7), (2, 6, 10), (3, 6, 10), (4, 6, 10)],
    )
    right, mistakes = worked_out("15.2", content_items=items, content_views=views)
    firm, users = (right.set_index("source").loc[source].to_dict() for source in ("PGC", "UGC"))
    assert firm == pytest.approx({"items": 2, "mean_minutes": 20, "median_minutes": 20, "gini": 0.25})
    assert users == pytest.approx({"items": 4, "mean_minutes": 10, "median_minutes": 1, "gini": 0.675})
    assert by_word(mistakes, "single views").set_index("source").loc["UGC", "mean_minutes"] == pytest.approx(40 / 7)
    assert by_word(mistakes, "how long the pieces are").set_index("source").loc["UGC", "mean_minutes"] == 350 / 4
    assert by_word(mistakes, "how long a piece is").set_index("source").loc["UGC", "mean_minutes"] == 50
    assert by_word(mistakes, "without a viewer").set_index("source").loc["UGC", "items"] == 5
    assert by_word(mistakes, "hours").set_index("source").loc["UGC", "mean_minutes"] == pytest.approx(10 / 60)
    assert by_word(mistakes, "each other").set_index("source").loc["UGC"].to_dict() == {"median_minutes": 10, "mean_minutes": 1}
    assert by_word(mistakes, "counts who watched").set_index("source").loc["UGC", "mean_minutes"] == 7 / 4
    assert by_word(mistakes, "nobody watched").set_index("source").loc["UGC", "mean_minutes"] == 40 / 5


def test_a_hook_is_judged_by_all_views_of_its_clips_together():
    """Clips 1 and 2 open with a scene: 100 + 10 views on Douyin, 60 + 6 held, 30 + 6 finished. 3 has no hook, 4 no view."""
    items = frame(
        "content_id kind hook_type",
        *[(1, "short_video", "scene"), (2, "short_video", "scene"), (3, "short_video", "none"), (4, "short_video", "none")],
        *[(5, "case", "scene"), (6, "case", "none")],
    )
    daily = frame(
        "platform content_id impressions opens views hold_3s completions",
        *[("dy", 1, 500, 100, 80, 50, 20), ("dy", 1, 500, 30, 20, 10, 10), ("dy", 2, 90, 20, 10, 6, 6)],
        *[("dy", 3, 200, 50, 40, 10, 8), ("dy", 4, 9, 1, 0, 0, 0), ("dy", 5, 100, 90, 90, 90, 90)],
        *[
            ("xhs", 1, 100, 50, 50, 50, 1),
            ("xhs", 3, 100, 20, 10, 10, 10),
            ("dy", 6, 100, 9, 8, 8, 8),
            ("xhs", 6, 9, 9, 9, 9, 9),
        ],
    )
    right, mistakes = worked_out("15.3", content_items=items, content_daily=daily)
    scene, none = (right.set_index("hook_type").loc[hook].to_dict() for hook in ("scene", "none"))
    assert scene == pytest.approx({"posts": 2, "hold": 66 / 110, "finish": 36 / 66})
    assert none == pytest.approx({"posts": 1, "hold": 1 / 4, "finish": 8 / 10})
    of_scene = {
        word: by_word(mistakes, word).set_index("hook_type").loc["scene"].to_dict()
        for word in ("mean of the posts'", "by all views", "by opens", "by impressions", "counts days", "all platforms")
    }
    assert of_scene["mean of the posts'"] == pytest.approx({"hold": 0.6, "finish": (1 / 2 + 1) / 2})
    assert of_scene["by all views"] == pytest.approx({"finish": 36 / 110})
    assert of_scene["by opens"] == pytest.approx({"hold": 66 / 150})
    assert of_scene["by impressions"] == pytest.approx({"hold": 66 / 1090})
    assert of_scene["counts days"] == {"posts": 3}
    assert of_scene["all platforms"] == pytest.approx({"posts": 3, "hold": 116 / 160, "finish": 37 / 116})
    assert by_word(mistakes, "everything on Douyin").set_index("hook_type").loc["scene", "posts"] == 3


def test_those_who_are_lost_are_counted_among_those_who_came():
    """Ten bookings: six on the day, of which five came; four ahead, of which one came, and one of the others at 23:00."""
    ahead = "2025-03-01 12:00"
    rows = [("2025-03-02 08:00", True)] * 5 + [("2025-03-02 09:00", False), (ahead, True), (ahead, False), (ahead, False)]
    rows += [("2025-03-01 23:00", True)]
    booked = frame("class_id booked_ts joined_ts", *[(1, made, made if came else None) for made, came in rows])
    booked = booked.assign(booked_ts=pd.to_datetime(booked["booked_ts"]), joined_ts=pd.to_datetime(booked["joined_ts"]))
    classes = pd.DataFrame({"class_id": [1], "start_ts": pd.to_datetime(["2025-03-02 20:00"])})
    right, mistakes = worked_out("15.4", class_attendance=booked, live_classes=classes)
    assert right == pytest.approx(2 / 7)
    assert by_word(mistakes, "made ahead") == pytest.approx(4 / 10)
    assert by_word(mistakes, "early bookers came") == pytest.approx(2 / 4)
    assert by_word(mistakes, "stayed away") == pytest.approx(2 / 3)
    assert by_word(mistakes, "class begins") == 1
    assert by_word(mistakes, "remain") == pytest.approx(5 / 7)
    assert by_word(mistakes, "promises") == pytest.approx(5 / 6 - 7 / 10)
    assert by_word(mistakes, "all bookings") == pytest.approx(2 / 10)
    assert by_word(mistakes, "calendar day") == pytest.approx(1 / 7)


def test_the_gap_of_ten_posts_leaves_out_the_one_that_nobody_saw():
    """600 of 1,000 views finished; nine rates: .1 .3 .2 .4 .3 .3 .4 .6 .714, which make 3.314."""
    question = answers.questions(PATH)["15.5"]
    two, ten, alike = question.read(question.right)
    assert ten == pytest.approx(0.6 - 3.314 / 9)
    assert two == pytest.approx(0.107 - 0.45)
    assert alike == pytest.approx(0)
    slips = {sentence: question.read(mistake)[1] for sentence, mistake in question.mistakes.items()}
    assert by_word(slips, "part of the mean") == pytest.approx((0.6 - 3.314 / 9) / (3.314 / 9))
    assert by_word(slips, "rate of 0") == pytest.approx(0.6 - 3.314 / 10)
    assert by_word(slips, "n - 1") == pytest.approx((0.6 - 3.314 / 9) * 9 / 8)
    assert by_word(slips, "alone") == pytest.approx(0.6)
