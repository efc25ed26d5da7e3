"""Recommendation, recurring revenue, survival and waiting: what somebody who plans service needs to be true."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, WITH_ZONES, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from opscourse.customers import agents_needed, erlang_c, kaplan_meier, littles_law, mrr_waterfall, nps, queue_sim
from opscourse.errors import ArgumentError

# Ten invitations of two groups, worked out by hand; one person did not answer.
SURVEYS = pd.DataFrame(
    {
        "group": ["new"] * 5 + ["old"] * 5,
        "nps": [10, 9, 8, 6, None, 9, 9, 9, 10, 9],
        "weight": [1.0, 1.0, 2.0, 4.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    }
)


@pytest.mark.parametrize("kind", KINDS)
def test_recommendation_by_hand(kind):
    scores = measured(kind, nps, SURVEYS, by="group").set_index("group")
    assert list(scores) == ["answers", "promoters", "passives", "detractors", "nps", "se", "low", "high"]
    assert scores[["answers", "promoters", "passives", "detractors"]].to_numpy().tolist() == [[4, 2, 1, 1], [5, 5, 0, 0]]
    assert scores["nps"].tolist() == [25, 100]
    assert scores["se"].tolist() == pytest.approx([100 * math.sqrt((0.75 - 0.25**2) / 4), 0])
    # Adjusted: of 7 answers 2.75 promoters and 1.75 detractors; of 8 answers 5.75 and 0.75.
    for group, n, promoters, detractors in (("new", 7, 2.75, 1.75), ("old", 8, 5.75, 0.75)):
        net = (promoters - detractors) / n
        margin = 1.959964 * math.sqrt(((promoters + detractors) / n - net**2) / n)
        assert scores.loc[group, "low"] == pytest.approx(100 * (net - margin), abs=1e-4)
        assert scores.loc[group, "high"] == pytest.approx(min(100 * (net + margin), 100), abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_weight_is_how_many_an_answer_stands_for(kind):
    weighted = measured(kind, nps, SURVEYS[:5], weight_col="weight")
    assert weighted["nps"][0] == pytest.approx(100 * (1 + 1 - 4) / 8)
    m = -0.25
    assert weighted["se"][0] == pytest.approx(100 * math.sqrt(2 * (1 - m) ** 2 + (2 * (0 - m)) ** 2 + (4 * (-1 - m)) ** 2) / 8)
    double = nps(SURVEYS.assign(weight=2 * SURVEYS["weight"]), weight_col="weight")
    same(double, nps(SURVEYS, weight_col="weight"))
    same(nps(SURVEYS.assign(weight=1e200 * SURVEYS["weight"]), weight_col="weight"), double)
    same(nps(SURVEYS.assign(weight=3.0), weight_col="weight"), nps(SURVEYS))


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_a_net_score_is_a_mean_of_ones_zeros_and_minus_ones(scores, random):
    sign = np.array([(score >= 9) - (score <= 6) for score in scores])
    answer = nps(pd.DataFrame({"nps": scores})).loc[0]
    assert answer["nps"] == pytest.approx(100 * sign.mean(), abs=1e-9)
    assert answer["se"] == pytest.approx(100 * sign.std() / math.sqrt(len(sign)), abs=1e-6)
    assert -100 <= answer["low"] < answer["high"] <= 100
    again = nps(pd.DataFrame({"nps": random.sample(scores, len(scores))})).loc[0]
    assert again.tolist() == pytest.approx(answer.tolist())


def test_the_interval_of_a_recommendation_holds_the_truth_as_often_as_it_says():
    random = np.random.default_rng(1)
    samples = pd.DataFrame({"sample": np.repeat(range(2000), 40), "nps": random.choice([10, 8, 3], 80_000, p=[0.5, 0.3, 0.2])})
    intervals = nps(samples, by="sample")
    assert abs(intervals["low"].le(30).mul(intervals["high"].ge(30)).mean() - 0.95) < 0.02


# Ten spells of five users, worked out by hand from January to April.
SPELLS = pd.DataFrame(
    [
        (1, "2025-01-10", "2025-02-09", 30.0),  # user 1: renewed twice, the second time cheaper, then gone in April
        (1, "2025-02-10", "2025-03-09", 30.0),
        (1, "2025-03-10", "2025-04-09", 25.0),
        (2, "2025-01-31", "2025-01-31", 40.0),  # user 2: seen by January's end only; back in March, with a second product
        (2, "2025-03-31", None, 40.0),
        (2, "2025-04-01", None, 10.0),
        (3, "2025-02-03", "2025-02-20", 99.0),  # user 3: within one month, in none
        (4, "2025-01-05", "2025-01-31", 20.0),  # user 4: renewed on a month's border: no churn
        (4, "2025-02-01", "2026-01-31", 20.0),
        (5, "2025-02-10", None, 0.0),  # user 5: a trial
    ],
    columns=["user_id", "start", "end", "mrr_cny"],
)
SPELLS[["start", "end"]] = SPELLS[["start", "end"]].apply(pd.to_datetime)


@pytest.mark.parametrize("kind", KINDS)
def test_ten_spells_give_the_waterfall_worked_out_by_hand(kind):
    waterfall = measured(kind, mrr_waterfall, SPELLS, observed_until="2025-04-30")
    assert list(waterfall) == [
        *("month", "opening", "new", "reactivation", "expansion", "contraction", "churn", "closing", "customers")
    ]
    assert [f"{month:%Y-%m-%d}" for month in waterfall.pop("month")] == ["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01"]
    assert waterfall.to_numpy().tolist() == [
        [0, 90, 0, 0, 0, 0, 90, 3],
        [90, 0, 0, 0, 0, 40, 50, 2],
        [50, 0, 40, 0, 5, 0, 85, 3],
        [85, 0, 0, 10, 0, 25, 70, 2],
    ]


def running(spells, day):
    """User -> mrr on a day, by looking at each spell."""
    found = {}
    for row in spells.itertuples():
        if row.start <= day and (pd.isna(row.end) or day <= row.end) and row.mrr_cny:
            found[row.user_id] = found.get(row.user_id, 0) + row.mrr_cny
    return found


def contracts(rows):
    """Spells from drawn (user, start, length, fen)."""
    spells = pd.DataFrame(rows, columns=["user_id", "first", "days", "fen"])
    start = pd.Timestamp("2025-01-15") + pd.to_timedelta(spells["first"], unit="D")
    end = (start + pd.to_timedelta(spells["days"], unit="D")).where(spells["days"] < 100)
    return spells.assign(start=start, end=end, mrr_cny=spells["fen"] / 100)


ROWS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 150), st.integers(0, 110), st.integers(0, 9999)), min_size=1, max_size=20
)


@given(ROWS.map(contracts))
@settings(max_examples=30)
def test_a_waterfall_is_what_looking_at_each_spell_gives_and_adds_up(spells):
    waterfall = mrr_waterfall(spells, observed_until="2025-08-31")
    earlier, before = set(), {}
    for row in waterfall.itertuples():
        now = running(spells, row.month + pd.offsets.MonthEnd(0))
        expected = {
            "opening": sum(before.values()),
            "new": sum(mrr for user, mrr in now.items() if user not in earlier),
            "reactivation": sum(mrr for user, mrr in now.items() if user in earlier and user not in before),
            "expansion": sum(max(mrr - before[user], 0) for user, mrr in now.items() if user in before),
            "contraction": sum(max(before[user] - mrr, 0) for user, mrr in now.items() if user in before),
            "churn": sum(mrr for user, mrr in before.items() if user not in now),
            "closing": sum(now.values()),
            "customers": len(now),
        }
        assert {name: getattr(row, name) for name in expected} == pytest.approx(expected, abs=1e-6)
        earlier, before = earlier | set(now), now
    change = waterfall[["new", "reactivation", "expansion"]].sum(axis=1) - waterfall[["contraction", "churn"]].sum(axis=1)
    assert (waterfall["opening"] + change).tolist() == pytest.approx(waterfall["closing"].tolist(), abs=1e-9)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_kind_of_frame_gives_the_same_waterfall(kind):
    random = np.random.default_rng(3)
    spells = contracts(zip(*(random.integers(0, top, 500) for top in (60, 150, 110, 9999)), strict=True))
    spells = spells.assign(user_id=spells["user_id"].astype(str), end=spells["end"].dt.tz_localize("Asia/Shanghai"))
    if kind in WITH_ZONES:
        expected = mrr_waterfall(spells)
        answer = measured(kind, mrr_waterfall, spells)
        same(answer.assign(month=answer["month"].astype("datetime64[us]")), expected)
    naive = spells.assign(end=spells["end"].dt.tz_localize(None))
    answer = measured(kind, mrr_waterfall, naive)
    same(answer.assign(month=answer["month"].astype("datetime64[us]")), mrr_waterfall(spells))


def test_dates_of_python_and_a_last_month_that_is_not_over():
    spells = SPELLS.assign(
        **{name: SPELLS[name].map(lambda day: None if pd.isna(day) else day.date()) for name in ("start", "end")}
    )
    assert isinstance(spells["start"][0], dt.date)
    same(mrr_waterfall(spells), mrr_waterfall(SPELLS, observed_until="2025-03-31"))
    assert len(mrr_waterfall(SPELLS, observed_until="2025-04-29")) == 3
    running_on = SPELLS.assign(end=pd.NaT)
    assert mrr_waterfall(running_on)["closing"].tolist() == [90, 239, 304]


def test_survival_by_hand():
    curve = kaplan_meier([5, 3, 5, 8, 8, 12], [True, True, False, True, True, False])
    assert curve[["days", "at_risk", "ended"]].to_numpy().tolist() == [[3, 6, 1], [5, 5, 1], [8, 3, 2], [12, 1, 0]]
    assert curve["survival"].tolist() == pytest.approx([5 / 6, 5 / 6 * 4 / 5, 2 / 3 * 1 / 3, 2 / 9])
    # Greenwood on the scale log(-log): the standard textbook formula.
    var = 1 / (6 * 5) + 1 / (5 * 4)
    spread = 1.959964 * math.sqrt(var) / abs(math.log(2 / 3))
    assert curve.loc[1, ["low", "high"]].tolist() == pytest.approx(
        [(2 / 3) ** math.exp(spread), (2 / 3) ** math.exp(-spread)], abs=1e-6
    )


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=50)
def test_survival_is_the_product_of_its_definition(spells):
    days, ended = map(np.array, zip(*spells, strict=True))
    curve = kaplan_meier(days, ended)
    survival = 1.0
    for row in curve.itertuples():
        assert row.at_risk == (days >= row.days).sum()
        assert row.ended == ((days == row.days) & ended).sum()
        survival *= 1 - row.ended / row.at_risk
        assert row.survival == pytest.approx(survival)
        assert not row.low > row.survival + 1e-12
        assert not row.high < row.survival - 1e-12
    if ended.all():
        assert curve["survival"].tolist() == pytest.approx([(days > day).mean() for day in curve["days"]])


def test_splitting_a_team_in_two_triples_the_wait():
    # Q23, by the formula with factorials: 7 agents together, or 5 for 80% and 2 for 20% of 20 tickets an hour of 15 minutes.
    def wait(c, a):
        busy = a**c / math.factorial(c) * c / (c - a)
        return busy / (sum(a**k / math.factorial(k) for k in range(c)) + busy) * 15 / (c - a)

    assert erlang_c(7, 20, 15).mean_wait_min == pytest.approx(wait(7, 5))
    assert round(wait(7, 5), 1) == 2.4
    split = erlang_c(pd.Series({"standard": 5, "special": 2}), pd.Series({"special": 4, "standard": 16}), 15)
    assert split.mean_wait_min.to_dict() == pytest.approx({"standard": wait(5, 4), "special": wait(2, 1)})
    assert round(0.8 * split.mean_wait_min["standard"] + 0.2 * split.mean_wait_min["special"], 1) == 7.6


@given(st.integers(1, 300), st.floats(0, 0.99), st.floats(0.1, 60))
def test_a_queue_is_the_steady_state_of_its_birth_and_death_chain(agents, utilisation, handling):
    load = utilisation * agents
    queue = erlang_c(agents, load * 60 / handling, handling, within="5m")
    # Probability of k people there: up at the rate load, down at min(k, agents), cut off far in the tail.
    k = np.arange(1, agents + 4000)
    with np.errstate(divide="ignore"):
        logs = np.concatenate([[0], np.cumsum(np.log(load) - np.log(np.minimum(k, agents)))])
    chain = np.exp(logs - logs.max())
    chain /= chain.sum()
    assert queue.wait_probability == pytest.approx(chain[agents:].sum(), rel=1e-6, abs=1e-12)
    waiting = (np.arange(len(chain)) - agents).clip(0) @ chain
    assert littles_law(number=waiting, rate=load / handling) == pytest.approx(
        queue.mean_wait_min, rel=1e-6, abs=1e-9, nan_ok=True
    ) or (load == 0 and queue.mean_wait_min == 0)
    # Who finds k people there waits until k - agents + 1 of them are done, each after handling / agents on average.
    late = chain[agents:] @ stats.gamma.sf(5, np.arange(1, len(chain) - agents + 1), scale=handling / agents)
    assert queue.service_level == pytest.approx(1 - late, abs=1e-9)


def test_a_queue_that_grows_without_end_says_so():
    full = erlang_c([5, 4, 5, 5], [20, 20, 19.99, 0], 15)
    assert full.wait_probability.tolist() == pytest.approx([1, 1, 0.998, 0], abs=1e-3)
    assert full.mean_wait_min[:2].tolist() == [math.inf, math.inf]
    assert full.service_level[:2].tolist() == [0, 0]
    assert math.isfinite(full.mean_wait_min[2])
    assert full.service_level[3] == 1


@given(st.floats(0, 2000), st.floats(0.1, 60), st.floats(0.01, 0.999))
@settings(max_examples=50)
def test_the_agents_needed_are_enough_and_one_less_is_not(arrivals, handling, level):
    agents = agents_needed(arrivals, handling, level, within="2m")
    assert erlang_c(agents, arrivals, handling, within="2m").service_level >= level
    assert agents == 1 or erlang_c(agents - 1, arrivals, handling, within="2m").service_level < level


def test_staffing_by_hour_keeps_the_form():
    hours = pd.Series({9: 2.0, 20: 20.0})
    assert agents_needed(hours, 15).to_dict() == {9: 2, 20: 6}
    assert littles_law(number=hours, rate=2).to_dict() == {9: 1, 20: 10}
    assert littles_law(rate=10, time=3) == 30
    assert math.isnan(littles_law(number=3, time=0))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: nps(SURVEYS.rename(columns={"nps": "score"})), ["no column 'nps'"]),
        (lambda: nps(SURVEYS[:0]), ["surveys has no rows"]),
        (lambda: nps(SURVEYS.assign(nps=np.nan)), ["surveys has no rows in which 'nps' is filled"]),
        (lambda: nps(SURVEYS.assign(nps=11)), ["0 to 10", "10 of 10", "11"]),
        (lambda: nps(SURVEYS.assign(nps=7.5)), ["0 to 10", "7.5"]),
        (lambda: nps(SURVEYS.assign(nps="9")), ["'nps'", "not numbers"]),
        (lambda: nps(SURVEYS.assign(weight=-1.0), weight_col="weight"), ["'weight'", "-1"]),
        (lambda: nps(SURVEYS.assign(weight=np.nan), weight_col="weight"), ["'weight'", "9 of 9"]),
        (lambda: nps(SURVEYS, by="nps"), ["'nps'", "column of the result"]),
        (lambda: nps(SURVEYS, confidence=95), ["confidence is 95"]),
        (lambda: mrr_waterfall(SPELLS.drop(columns="end")), ["no column 'end'"]),
        (lambda: mrr_waterfall(SPELLS[:0]), ["spells has no rows"]),
        (lambda: mrr_waterfall(SPELLS, observed_until="9999-12-31"), ["a century before", "9999-12-31"]),
        (lambda: mrr_waterfall(SPELLS.assign(mrr_cny=-5.0)), ["'mrr_cny'", "-5"]),
        (lambda: mrr_waterfall(SPELLS.assign(mrr_cny=1e15)), ["'mrr_cny'", "1e+15", "in millions"]),
        (lambda: mrr_waterfall(SPELLS.assign(end=pd.Timestamp("2025-01-01"))), ["10 spells end before", "2025-01-01"]),
        (lambda: mrr_waterfall(SPELLS.assign(end="2025-12-31")), ["'end'", "not dates"]),
        (lambda: mrr_waterfall(SPELLS.assign(start=pd.NaT)), ["'start'", "10 of 10"]),
        (lambda: mrr_waterfall(SPELLS, observed_until="2025-01-30"), ["No month", "2025-01"]),
        (lambda: kaplan_meier([], []), ["0 days"]),
        (lambda: kaplan_meier([1, 2], [True]), ["2 days and 1 of ended"]),
        (lambda: kaplan_meier([1], [2]), ["True or False"]),
        (lambda: kaplan_meier([-1], [True]), ["days", "-1"]),
        (lambda: kaplan_meier([1], [True], confidence=0), ["confidence is 0"]),
        (lambda: erlang_c(0, 20, 15), ["agents", "0"]),
        (lambda: erlang_c(2.5, 20, 15), ["agents", "2.5"]),
        (lambda: erlang_c(5, -1, 15), ["arrivals_per_hour", "-1"]),
        (lambda: erlang_c(5, 20, 0), ["handling_min", "0"]),
        (lambda: erlang_c(5, math.nan, 15), ["arrivals_per_hour", "missing"]),
        (lambda: erlang_c(5, 20, 15, within=20), ["within is 20"]),
        (lambda: agents_needed(20, 15, service_level=1), ["service_level is 1"]),
        (lambda: littles_law(number=1), ["not number"]),
        (lambda: littles_law(number=1, rate=-2), ["rate", "-2"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)


def test_a_queue_by_hand():
    # Two agents: the first two are served at once, until 10 and 5; then 5, 10 and 15 are when one is free.
    assert queue_sim(2, arrivals=[0, 1, 2, 3, 30], handling=[10, 4, 5, 9, 1]).tolist() == [0, 0, 3, 7, 0]
    assert queue_sim(1, arrivals=[0, 1, 1], handling=2).tolist() == [0, 1, 3]
    assert queue_sim(3, arrivals=[], handling=2).tolist() == []


@pytest.mark.parametrize(("agents", "load"), [(1, 0.5), (2, 1.5), (7, 5.0)])
def test_a_simulated_queue_waits_as_long_as_erlang_c_says(agents, load):
    random = np.random.default_rng(agents)
    arrivals = random.exponential(1 / load, 200_000).cumsum()
    waits = queue_sim(agents, arrivals, random.exponential(1, 200_000))[1_000:]
    expected = erlang_c(agents, arrivals_per_hour=60 * load, handling_min=1, within="1m")
    assert waits.mean() == pytest.approx(expected.mean_wait_min, rel=0.05)
    assert (waits > 0).mean() == pytest.approx(expected.wait_probability, abs=0.01)
    assert (waits <= 1).mean() == pytest.approx(expected.service_level, abs=0.01)


@given(
    st.integers(1, 4), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 20)), min_size=1, max_size=25), st.integers(1, 9)
)
@settings(max_examples=60)
def test_nobody_waits_while_an_agent_is_free_and_no_agent_serves_two(agents, people, unit):
    arrivals, handling = np.array(sorted(people)).T
    waits = queue_sim(agents, arrivals, handling)
    begin, end = arrivals + waits, arrivals + waits + handling
    assert (np.diff(begin) >= 0).all()
    for person, start in enumerate(begin):
        busy = ((begin[:person] <= start) & (end[:person] > start)).sum()
        assert busy < agents
        if waits[person] > 0:  # just before, all agents were busy
            assert ((begin[:person] < start) & (end[:person] >= start)).sum() >= agents
    assert queue_sim(agents, unit * arrivals, unit * handling).tolist() == (unit * waits).tolist()
    assert (queue_sim(agents + 1, arrivals, handling) <= waits).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: queue_sim(0, [1], 1), ["agents is 0"]),
        (lambda: queue_sim(1, [1, 3, 2], 1), ["arrivals", "2 comes after 3"]),
        (lambda: queue_sim(1, [1, 3], [1, 2, 3]), ["2 arrivals and 3 handling"]),
        (lambda: queue_sim(1, [1, 3], [1, -2]), ["handling", "-2"]),
        (lambda: agents_needed(1e30, 10), ["arrivals_per_hour of 1e+30", "1,000,000"]),
    ],
)
def test_a_queue_that_cannot_be_is_refused(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
