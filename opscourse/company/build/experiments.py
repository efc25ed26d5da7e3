"""The 24 controlled tests and what each treatment really does (TP05, TP06)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from opscourse.company.world import Columns, World, builds, optional

__all__ = ["BALANCED", "IN_POINTS", "STEP_TEST", "TESTS", "Arm", "Test"]


class Arm(NamedTuple):
    """One arm: its true probability of the metric's event, and the share of units planned and really sent to it."""

    name: str
    rate: float
    planned: float
    real: float


class Test(NamedTuple):
    """One test, as its owner registered it, with the truth in its arms."""

    name: str
    unit: str
    metric: str
    start: str
    end: str
    hypothesis: str
    arms: tuple[Arm, ...]
    units: int = 5_000  # at 20,000 users; grows in proportion
    value: float = 0.0  # mean amount in CNY where the event happened, if the metric has one


def _arms(base: float, *treatments: tuple[str, float], real: tuple[float, ...] = ()) -> tuple[Arm, ...]:
    """Control with rate `base` and treatments with a relative lift each; equal planned shares."""
    named = (("control", 0.0), *treatments)
    share = 1 / len(named)
    return tuple(Arm(name, base * (1 + lift), share, real[i] if real else share) for i, (name, lift) in enumerate(named))


TESTS = (
    Test("signup_form", "visitor", "registered", "2025-03-03", "2025-04-13",
         "A short form, a guide video, or both, lets more visitors register",
         _arms(0.40, ("short_form", 0.14), ("guide_video", 0.05), ("both", 1.14 * 1.05 - 1)), 9_600),
    Test("goal_step", "visitor", "passed step 3", "2025-04-01", "2025-04-14",
         "Asking for one goal instead of five unblocks step 3 of the registration",
         _arms(0.40, ("one_goal", 0.20)), 3_000),
    Test("smart_scheduling", "user", "finished a class in 14 days", "2025-03-10", "2025-03-30",
         "Proposing times that fit the user's day leads to more classes", _arms(0.34, ("smart", 0.12)), 6_000),
    Test("copy_style", "user", "opened the item", "2025-02-10", "2025-02-23",
         "Professional copy beats promotional copy, and a story beats both",
         _arms(0.110, ("professional", 0.02), ("story", 0.55)), 9_000),
    Test("recommender", "user", "started a class from the list", "2025-03-17", "2025-04-13",
         "Personal lists lead to more classes than the list of the most popular",
         _arms(0.21, ("item_knn", 0.15)), 8_000),
    Test("ghost_ads_dy", "visitor", "paid order in 14 days", "2025-03-01", "2025-04-30",
         "Advertising on dy brings orders that would not have come", _arms(0.011, ("ads", 2.8)), 8_000, 160.0),
    Test("ghost_ads_xhs", "visitor", "paid order in 14 days", "2025-03-01", "2025-04-30",
         "Advertising on xhs brings orders that would not have come", _arms(0.012, ("ads", 2.86)), 8_000, 155.0),
    Test("retargeting_holdout", "visitor", "paid order in 14 days", "2025-03-01", "2025-04-30",
         "Visitors who are shown what they left behind come back and buy", _arms(0.042, ("ads", 0.43)), 6_000, 150.0),
    Test("brand_search_holdout", "visitor", "paid order in 14 days", "2025-03-01", "2025-04-30",
         "Buying our own name in search brings orders", _arms(0.060, ("ads", 0.33)), 6_000, 165.0),
    Test("coupon", "user", "paid order in 30 days", "2025-04-07", "2025-05-06",
         "A coupon of 15 CNY brings users back to the shop", _arms(0.050, ("coupon", 0.30)), 8_000, 140.0),
    Test("win_back", "user", "active in 14 days", "2025-05-05", "2025-05-25",
         "A message to users who were quiet for ten days brings them back", _arms(0.060, ("message", 0.35)), 6_000),
    Test("landing_page", "visitor", "registered", "2025-04-14", "2025-04-30",
         "A new headline and a picture of a real member convert better",
         _arms(0.22, ("headline", 0.08), ("picture", 0.03), ("both", 0.20)), 9_600),
    Test("red_packet", "user", "opened the wallet", "2025-01-20", "2025-02-02",
         "A lottery moves more users than a small sure sum of the same cost",
         _arms(0.30, ("lottery", 0.10)), 5_000, 3.0),
    Test("onboarding_list", "user", "active on day 7", "2025-02-17", "2025-03-16",
         "A list of three first steps helps new users to stay", _arms(0.20, ("list", 0.22)), 4_000),
    Test("birthday_gift", "user", "active in 14 days", "2024-10-01", "2025-03-31",
         "A gift on the birthday makes members feel seen", _arms(0.25, ("gift", 0.10)), 6_000),
    Test("aa_home", "user", "opened a course", "2024-09-02", "2024-09-15",
         "None: both arms are the same, to test the tool", _arms(0.30, ("same", 0.0)), 5_000),
    Test("button_colour", "user", "added to the cart", "2024-09-16", "2024-09-29",
         "An orange button is clicked more than a blue one", _arms(0.080, ("orange", 0.0)), 5_000),
    Test("new_icon", "user", "active in 7 days", "2024-10-14", "2024-10-27",
         "A new icon reminds users of the app", _arms(0.27, ("icon", 0.0)), 5_000),
    Test("push_emoji", "user", "opened the push", "2024-11-18", "2024-12-01",
         "An emoji in the title is opened more", _arms(0.055, ("emoji", 0.0)), 5_000),
    Test("dark_mode", "user", "finished a class in 14 days", "2024-12-02", "2024-12-15",
         "Dark mode makes evening classes longer", _arms(0.34, ("dark", 0.0)), 5_000),
    Test("charm_price", "user", "paid order in 30 days", "2025-01-06", "2025-01-19",
         "99 sells better than 100", _arms(0.050, ("charm", 0.0)), 5_000, 140.0),
    Test("autoplay_popup", "user", "finished a class in 14 days", "2025-03-24", "2025-04-06",
         "A video that starts by itself shows users what they miss", _arms(0.34, ("popup", -0.15)), 6_000),
    Test("quick_checkout", "user", "paid the cart", "2025-04-14", "2025-04-27",
         "One page instead of three leads to more payments",
         _arms(0.30, ("one_page", 0.08), real=(0.53, 0.47)), 8_000, 160.0),
    Test("class_preview", "user", "booked a live class", "2025-05-12", "2025-06-01",
         "Thirty seconds of the coach's last class help to decide", _arms(0.16, ("preview", 0.14)), 6_000),
)  # fmt: skip

STEP_TEST = next(test for test in TESTS if test.name == "goal_step")
BALANCED = ("signup_form", "goal_step", "coupon", "win_back")  # chance is kept out of their effect: lessons decide on it
IN_POINTS = ("win_back",)  # the treatment adds to the probability instead of multiplying it


@builds("experiments")
def experiments(world: World) -> Columns:
    """One row a test."""
    return {
        "exp_id": np.arange(1, len(TESTS) + 1),
        "name": np.array([test.name for test in TESTS], dtype=object),
        "unit": np.array([test.unit for test in TESTS], dtype=object),
        "metric": np.array([test.metric for test in TESTS], dtype=object),
        "start": np.array([test.start for test in TESTS], dtype="datetime64[D]"),
        "end": np.array([test.end for test in TESTS], dtype="datetime64[D]"),
        "arms": np.array([len(test.arms) for test in TESTS]),
        "hypothesis": np.array([test.hypothesis for test in TESTS], dtype=object),
    }


@builds("_truth_experiments")
def truth_experiments(world: World) -> Columns:
    """The hidden table as it is written beside the company: effects, since the level of a metric is what the world gives."""
    rows = [(number, test, arm) for number, test in enumerate(TESTS, start=1) for arm in test.arms]
    lift = np.array([arm.rate / test.arms[0].rate - 1 for _, test, arm in rows]).round(6)
    points = np.array([arm.rate - test.arms[0].rate for _, test, arm in rows]).round(6)
    in_points = np.array([test.name in IN_POINTS for _, test, _ in rows])
    return {
        "exp_id": np.array([number for number, _, _ in rows]),
        "name": np.array([test.name for _, test, _ in rows], dtype=object),
        "arm": np.array([arm.name for _, _, arm in rows], dtype=object),
        "lift": optional(lift, ~in_points),
        "points": optional(points, in_points),
        "planned": np.array([arm.planned for _, _, arm in rows]).round(4),
        "real": np.array([arm.real for _, _, arm in rows]).round(4),
    }
