"""Answers to exercise 4: who comes back, who is gone, and what a day's active users are made of."""

from functools import lru_cache

import numpy as np
import pandas as pd

from opscourse.data import retention
from opscourse.exercise import Choice, Frame, Function, Number

SPRING = ("2025-05-01", "2025-06-30")
MARCH = ("2025-03-01", "2025-03-31")


@lru_cache(maxsize=1)
def log(load):
    """Every user and active day, with the days since the sign-up and since the visit before."""
    visits = load("daily_activity").merge(load("users"), on="user_id").sort_values(["user_id", "date"])
    visits["age"] = (visits["date"] - visits["signup_ts"].dt.floor("D")).dt.days
    visits["gap"] = visits.groupby("user_id")["date"].diff().dt.days
    return visits


@lru_cache(maxsize=1)
def people(load):
    """Every user, with channel, days observed, day last seen, and whether they were here on or around some days."""
    visits = log(load)
    users = load("users").merge(load("channels")[["channel_id", "channel"]], on="channel_id").set_index("user_id")
    users["signup_day"] = users["signup_ts"].dt.floor("D")
    users["observed"] = (visits["date"].max() - users["signup_day"]).dt.days
    users["last_seen"] = visits.groupby("user_id")["age"].max()
    users["on_or_after"] = users["last_seen"] >= 30
    users["in_window"] = users.index.isin(visits["user_id"][visits["age"].between(30, 36)])
    for day in (7, 29, 30):
        users[f"here_{day}"] = users.index.isin(visits["user_id"][visits["age"] == day])
    return users


# 4.2: day 30 of one channel


def day_30(load):
    """Exact day 30 of Douyin's users of May and June, by the helper."""
    users = load("users").merge(load("channels"), on="channel_id")
    cohort = users[(users["channel"] == "dy") & (users["signup_ts"] >= SPRING[0]) & (users["signup_ts"] < "2025-07-01")]
    return retention(load("daily_activity"), cohort, days=30)["rate"].item()


def day_30_slipped(load, channel=("dy",), months=SPRING, here="here_30", least=30, mean=True):
    """The same by hand, with one thing done wrong."""
    users = people(load)
    users = users[users["channel"].isin(channel or users["channel"]) & users["signup_day"].between(*months)]
    old_enough = users.loc[users["observed"] >= least, here]
    return old_enough.mean() if mean else old_enough.sum()


def day_30_by_visits(load):
    """The visits of May and June, instead of the sign-ups."""
    users = people(load)
    users = users[users["channel"] == "dy"]
    visits = log(load)
    visits = visits[visits["date"].between(*SPRING) & (visits["age"] == 30)]
    return visits["user_id"].isin(users.index).sum() / (users["signup_day"].between(*SPRING) & (users["observed"] >= 30)).sum()


# 4.3: where the active users of March come from


def origins(visits, new, yesterday, days=MARCH):
    """Share of the rows of some days by origin; `new` and `yesterday` say for each row whether it is that."""
    kinds = pd.Series(np.select([new, yesterday], ["new", "yesterday"], "pause"), index=visits.index)
    shares = kinds[visits["date"].between(*days)].value_counts(normalize=True)
    return shares.reindex(["new", "yesterday", "pause"], fill_value=0.0).rename_axis("origin").reset_index(name="share")


def march(load):
    """The day before is looked up among all pairs of user and day."""
    visits = log(load)
    key = visits["user_id"] * 1000 + (visits["date"] - pd.Timestamp("2024-01-01")).dt.days
    return origins(visits, visits["date"] == visits["signup_ts"].dt.floor("D"), (key - 1).isin(key))


def march_cut_first(load):
    """March is cut out before the day before is looked for, so 1 March has none."""
    visits = log(load)
    return origins(visits, visits["age"] == 0, (visits["gap"] == 1) & (visits["date"] > MARCH[0]))


def march_first_seen(load):
    """New is who is seen for the first time in March."""
    visits = log(load)
    visits = visits[visits["date"].between(*MARCH)]
    return origins(visits, ~visits.duplicated("user_id"), visits["gap"] == 1)


def march_slipped(load, most=1, days=MARCH, new_from=None):
    """Yesterday is a gap of at most `most` days; other days; new is who signed up from a date on."""
    visits = log(load)
    new = visits["age"] == 0 if new_from is None else visits["signup_ts"].between(new_from, "2025-04-01")
    return origins(visits, new, visits["gap"] <= most, days)


def march_counted(load):
    """Rows instead of shares."""
    rows = log(load)["date"].between(*MARCH).sum()
    return march(load).assign(share=lambda shares: shares["share"] * rows)


def march_swapped(load):
    """The two kinds of returning users under each other's name."""
    return march(load).replace({"origin": {"yesterday": "pause", "pause": "yesterday"}})


def march_of_returning(load):
    """The two kinds of returning users as shares of the returning users."""
    shares = march(load)
    returning = shares["origin"] != "new"
    shares.loc[returning, "share"] /= shares.loc[returning, "share"].sum()
    return shares


def march_of_users(load):
    """Distinct users of each kind, divided by all users of the month."""
    visits = log(load)
    origin = np.select([visits["age"] == 0, visits["gap"] == 1], ["new", "yesterday"], "pause")
    visits = visits.assign(origin=origin)[visits["date"].between(*MARCH)]
    shares = visits.groupby("origin")["user_id"].nunique() / visits["user_id"].nunique()
    return shares.reset_index(name="share")


# 4.4: a day's active users from sign-ups and a curve


def dau(signups, retention):
    """Each day's sign-ups times the rate of their age on the last day."""
    return sum(count * retention[len(signups) - 1 - day] for day, count in enumerate(signups))


# 4.5: does a visit on day 7 double day 30?


def compared(load, here_after=7, away_after=7, of="here_30", least=30):
    """Day-30 rate of users here on day 7 and of the others, among users seen later than the day given (-1: all)."""
    users = people(load)
    users = users[users["observed"] >= least]
    here = users[users["here_7"] & (users["last_seen"] > here_after)]
    away = users[~users["here_7"] & (users["last_seen"] > away_after)]
    return pd.DataFrame({"day_7": ["here", "away"], "rate": [here[of].mean(), away[of].mean()]})


def compared_with_all(load):
    """The numbers of users here on day 30, divided by all users instead of those of the group."""
    users = people(load)
    users = users[users["observed"] >= 30]
    kept = users["here_30"] & (users["last_seen"] > 7)
    rates = [(kept & users["here_7"]).mean(), (kept & ~users["here_7"]).mean()]
    return pd.DataFrame({"day_7": ["here", "away"], "rate": rates})


QUESTIONS = {
    "4.1": Choice(
        right="b",
        options={
            "a": "nobody left, but they are not here every day: the exact day counts who is here, not who is still a user",
            "b": "the exact day shows the rhythm, 2 of 7; as nobody leaves, it is the same on every day",
            "c": "a curve falls only when users leave, and nobody does; to be away on one day says nothing about the next",
            "d": "there is no slow start: the rhythm is there on day 1 already, and nobody leaves after it",
        },
    ),
    "4.2": Number(
        right=day_30,
        tolerance=0.001,
        unit="a proportion between 0 and 1",
        praise="of those who have had a day 30; who signed up in June is neither back nor lost",
        mistakes={
            "you divided by everybody who signed up; look at `observed`, many have had no day 30 yet": (
                lambda load: day_30_slipped(load, least=0)
            ),
            "this is on or after: it also counts who came later than day 30; asked is the exact day": (
                lambda load: day_30_slipped(load, here="on_or_after")
            ),
            "this is the window, days 30 to 36; asked is the exact day": (
                lambda load: day_30_slipped(load, here="in_window", least=36)
            ),
            "this is a window, days 30 to 36, and for some users it is not over; asked is the exact day": (
                lambda load: day_30_slipped(load, here="in_window")
            ),
            "this is one day early: the day of the sign-up is day 0": (
                lambda load: day_30_slipped(load, here="here_29", least=29)
            ),
            "this counts the users who were here; asked is their share": lambda load: day_30_slipped(load, mean=False),
            "these are the users of all channels; asked are those of Douyin": lambda load: day_30_slipped(load, channel=None),
            "these are Douyin's users of all months (or 2 decimals only); asked are May and June 2025, to within 0.001": (
                lambda load: day_30_slipped(load, months=("2024-01-01", "2025-06-30"))
            ),
            "these users signed up in May and June 2024; asked is 2025": (
                lambda load: day_30_slipped(load, months=("2024-05-01", "2024-06-30"))
            ),
            "you chose visits in May and June; choose users by their sign-up, their visits may lie later": day_30_by_visits,
        },
    ),
    "4.3": Frame(
        keys=["origin"],
        columns={"share": 0.004},
        right=march,
        praise="most were not here the day before: to come after a pause is the rhythm of one day in three",
        mistakes={
            "March was cut out first, so on 1 March nobody has a day before: find the gaps, then cut": march_cut_first,
            "new is here who was first seen in March; asked is who signed up on that very day (age 0)": march_first_seen,
            "everybody who was ever here before counts as yesterday; the gap must be exactly one day": (
                lambda load: march_slipped(load, most=999)
            ),
            "a gap of up to a week counts as yesterday; it must be exactly one day": lambda load: march_slipped(load, most=7),
            "a gap of two days counts as yesterday: who was here on Monday and on Wednesday has a gap of 2": (
                lambda load: march_slipped(load, most=2)
            ),
            "`yesterday` and `pause` are swapped: a gap of 1 day is yesterday": march_swapped,
            "these are counts; divide by the number of rows of March": march_counted,
            "new is here who signed up in March; asked is who signed up on that very day (age 0)": (
                lambda load: march_slipped(load, new_from=MARCH[0])
            ),
            "these are the rows of all days; asked are those of March 2025": (
                lambda load: march_slipped(load, days=("2024-01-01", "2025-06-30"))
            ),
            "this is March 2024; asked is March 2025": lambda load: march_slipped(load, days=("2024-03-01", "2024-03-31")),
            "two of these are shares of the returning users; divide by all rows of March": march_of_returning,
            "these are shares of the month's users; a row is a user on a day: divide rows by rows": march_of_users,
        },
    ),
    "4.4": Function(
        right=dau,
        result=Number(tolerance=0.01, unit="active users on the last day"),
        praise="DAU is the sign-ups, run through the curve",
        cases={
            "three even days": ([10, 10, 10], [1, 0.3, 0.2]),
            "growing installs": ([10, 20, 40], [1, 0.5, 0.1]),
            "installs that stopped": ([100, 100, 0, 0], [1, 0.4, 0.2, 0.1]),
            "a curve longer than the app's life": ([5, 10], [1, 0.3, 0.2, 0.15]),
        },
        mistakes={
            "the curve runs the wrong way: the last day's sign-ups are on their day 0, the first day's are the oldest": (
                lambda signups, retention: sum(map(np.multiply, signups, retention))
            ),
            "this is all sign-ups times the whole curve; on the last day each day's sign-ups have one age, so one rate": (
                lambda signups, retention: sum(signups) * sum(retention)
            ),
            "this takes the last day's sign-ups for those of all days; installs need not be even": (
                lambda signups, retention: signups[-1] * sum(retention[: len(signups)])
            ),
            "this adds up all days; asked are the active users of the last one": (
                lambda signups, retention: sum(dau(signups[: n + 1], retention) for n in range(len(signups)))
            ),
            "this is the last entry of the convolution, long after; take the entry of the last day of `signups`": (
                lambda signups, retention: np.convolve(signups, retention)[-1]
            ),
            "each rate is a share of all who signed up; multiplied with one another (cumprod) they count the loss twice": (
                lambda signups, retention: dau(signups, np.cumprod(retention))
            ),
            "the new users of the last day are missing: they are active too": (
                lambda signups, retention: dau(signups, retention) - signups[-1]
            ),
        },
    ),
    "4.5": Frame(
        keys=["day_7"],
        columns={"rate": 0.0005},
        right=lambda load: compared(load),
        praise="hardly a difference: the report compared users of whom many had left with users who had not",
        mistakes={
            "these are the report's own rates: among those away on day 7 are still users who had left before": (
                lambda load: compared(load, here_after=-1, away_after=-1)
            ),
            "of both groups keep only who was seen on day 8 or later; with >= 7 everybody here on day 7 would stay": (
                lambda load: compared(load, here_after=-1)
            ),
            "you left out the gone among those here on day 7 only; most of the gone are among the others": (
                lambda load: compared(load, away_after=-1)
            ),
            "this is who was seen on day 30 or later; asked is who was here on exactly day 30": (
                lambda load: compared(load, of="on_or_after")
            ),
            "you kept users seen on day 30 or later; day 8 is late enough to know that they had not left by day 7": (
                lambda load: compared(load, here_after=29, away_after=29)
            ),
            "with > 8, those last seen on day 8 are left out too; day 8 or later is >= 8": (
                lambda load: compared(load, here_after=8, away_after=8)
            ),
            "the two groups are swapped: look at what True means in `on_day_7`": (
                lambda load: compared(load).assign(rate=lambda found: found["rate"][::-1].to_list())
            ),
            "you divided by all of `mature`; divide each group by its own users, after leaving out the gone": compared_with_all,
            "you divided by all users; many have had no day 30 yet, which is why `mature` leaves them out": (
                lambda load: compared(load, least=0)
            ),
        },
    ),
}
