"""Answers to exercise 15: which denominator answers which question."""

import numpy as np
import pandas as pd

from opscourse.exercise import Choice, Frame, Function, Number

# 15.2 What a piece brings in the app, by who made it


def views_in_app(load):
    """One row a user and piece: minutes watched, and source and length of the piece."""
    items = load("content_items")[["content_id", "source", "kind", "minutes"]].rename(columns={"minutes": "length"})
    return load("content_views").merge(items, on="content_id")


def spread(amounts):
    """The Gini coefficient: mean difference of all pairs, by twice the mean."""
    amounts = np.asarray(amounts, dtype=float)
    return np.abs(amounts[:, None] - amounts).mean() / (2 * amounts.mean())


def by_source(pieces, amount="minutes"):
    """One row a source: number, mean, median and Gini of an amount of its pieces."""
    wanted = {"items": "size", "mean_minutes": "mean", "median_minutes": "median", "gini": spread}
    return pieces.groupby("source")[amount].agg(**wanted).reset_index()


def supply(load):
    """Minutes watched of each piece, by source."""
    return by_source(views_in_app(load).groupby(["source", "content_id"], as_index=False)["minutes"].sum())


def of_views(load):
    """The slip of taking a view for a piece."""
    wanted = {"items": "size", "mean_minutes": "mean", "median_minutes": "median"}
    return views_in_app(load).groupby("source")["minutes"].agg(**wanted).reset_index()


def of_lengths(load):
    """The slip of adding up how long the pieces are."""
    return by_source(views_in_app(load).groupby(["source", "content_id"], as_index=False)["length"].sum(), "length")


def of_one_length(load):
    """The slip of describing how long the pieces are; by the median it cannot be told from hours."""
    return by_source(views_in_app(load).drop_duplicates("content_id"), "length").drop(columns="median_minutes")


def of_viewers(load):
    """The slip of counting viewers."""
    return by_source(views_in_app(load).groupby(["source", "content_id"], as_index=False)["minutes"].size(), "size")


def of_all_items(load):
    """The slip of keeping what is never shown in the app."""
    minutes = load("content_views").groupby("content_id")["minutes"].sum()
    items = load("content_items")[["content_id", "source"]]
    return by_source(items.assign(minutes=items["content_id"].map(minutes).fillna(0)))


def of_all_courses(load):
    """The slip of keeping the courses and replays that nobody watched."""
    watched = views_in_app(load)
    items = load("content_items")
    items = items[items["kind"].isin(watched["kind"])]
    minutes = items["content_id"].map(watched.groupby("content_id")["minutes"].sum()).fillna(0)
    return by_source(items.assign(minutes=minutes))


def of_hours(load):
    """The slip of another unit."""
    return supply(load)[["source", "mean_minutes"]].assign(mean_minutes=lambda rows: rows["mean_minutes"] / 60)


def swapped(load):
    """The slip of mean and median in each other's column."""
    return supply(load)[["source", "mean_minutes", "median_minutes"]].set_axis(
        ["source", "median_minutes", "mean_minutes"], axis="columns"
    )


# 15.3 What the first three seconds do, by hook


def clips(load, platform="dy", kind="short_video"):
    """One row a post of a kind on a platform that was viewed: its hook and its counts."""
    items = load("content_items")
    items = items.loc[items["kind"] == kind if kind else items["kind"].notna(), ["content_id", "hook_type"]]
    daily = load("content_daily")
    daily = daily[daily["platform"] == platform] if platform else daily
    counts = daily.groupby(["platform", "content_id"], as_index=False)[
        ["impressions", "opens", "views", "hold_3s", "completions"]
    ].sum()
    return counts[counts["views"] > 0].merge(items, on="content_id")


def hooks(posts, hold=("hold_3s", "views"), finish=("completions", "hold_3s")):
    """One row a hook: number of posts, and two rates as ratios of sums."""
    sums = posts.groupby("hook_type")[["impressions", "opens", "views", "hold_3s", "completions"]].sum()
    rates = {name: sums[over] / sums[under] for name, (over, under) in {"hold": hold, "finish": finish}.items()}
    return pd.DataFrame({"posts": posts.groupby("hook_type").size(), **rates}).reset_index()


def hooks_per_post(load):
    """The slip of averaging the posts' rates."""
    posts = clips(load)
    rates = posts.assign(hold=posts["hold_3s"] / posts["views"], finish=posts["completions"] / posts["hold_3s"])
    return rates.groupby("hook_type", as_index=False)[["hold", "finish"]].mean()


def hooks_of_days(load):
    """The slip of counting days as posts."""
    items = load("content_items").query("kind == 'short_video'")[["content_id", "hook_type"]]
    daily = load("content_daily").query("platform == 'dy' and views > 0").merge(items, on="content_id")
    return hooks(daily)[["hook_type", "posts"]]


# 15.4 What closing the booking ahead would cost


def bookings(load):
    """One row a booking: whether the user came, and how long before the class it was made."""
    rows = load("class_attendance").merge(load("live_classes")[["class_id", "start_ts"]], on="class_id")
    ahead = rows["booked_ts"].dt.normalize() < rows["start_ts"].dt.normalize()
    return rows.assign(came=rows["joined_ts"].notna(), ahead=ahead, lead=rows["start_ts"] - rows["booked_ts"])


def lost(load):
    """Share of those who came that had booked on an earlier day."""
    rows = bookings(load)
    return rows.loc[rows["came"], "ahead"].mean()


def gained_rate(load):
    """The rise of the rate that the plan promises."""
    rows = bookings(load)
    return rows.loc[~rows["ahead"], "came"].mean() - rows["came"].mean()


# 15.5 The gap as a function


def gap(posts):
    """Rate per view minus mean of rates."""
    seen = posts[posts["views"] > 0]
    return seen["completions"].sum() / seen["views"].sum() - (seen["completions"] / seen["views"]).mean()


def relative_gap(posts):
    """The slip of dividing the two averages."""
    seen = posts[posts["views"] > 0]
    return gap(posts) / (seen["completions"] / seen["views"]).mean()


def gap_with_zeros(posts):
    """The slip of a rate of 0 for a post that nobody saw."""
    rates = (posts["completions"] / posts["views"].where(posts["views"] > 0)).fillna(0)
    return posts["completions"].sum() / posts["views"].sum() - rates.mean()


def gap_from_sample_covariance(posts):
    """The slip of dividing the covariance by n - 1."""
    seen = posts[posts["views"] > 0]
    return np.cov(seen["views"], seen["completions"] / seen["views"])[0, 1] / seen["views"].mean()


TWO = pd.DataFrame({"views": [10, 990], "completions": [8, 99]})
TEN = pd.DataFrame(
    {
        "views": [0, 10, 10, 20, 20, 40, 50, 50, 300, 500],
        "completions": [0, 1, 3, 4, 8, 12, 15, 20, 180, 357],
    }
)
ALIKE = pd.DataFrame({"views": [4, 40, 400], "completions": [1, 10, 100]})

QUESTIONS = {
    "15.1": Choice(
        right="b",
        options={
            "a": "each post keeps its rate and its one vote in the mean of rates: what should raise that mean?",
            "b": "views move to the posts that are finished, so the rate per view rises; the mean of rates gives every post one"
            " vote, however many people see it",
            "c": "you have the two averages the wrong way round: in which of them do views count as weights?",
            "d": "the posts keep their rates, but views move from some posts to others: one of the averages notices",
        },
    ),
    "15.2": Frame(
        keys=["source"],
        columns={"items": int, "mean_minutes": 5, "median_minutes": 5, "gini": 0.005},
        partial=True,
        right=supply,
        praise="a UGC piece brings more on average: a few hits carry the mean",
        mistakes={
            "this describes single views; add up the minutes of each piece first, one row a piece": of_views,
            "this adds up how long the pieces are (`minutes` of content_items), not how long people watched": of_lengths,
            "this is how long a piece is (`minutes` of content_items), not how long people watched it": of_one_length,
            "this counts who watched; add up the minutes they watched": of_viewers,
            "this includes pieces that nobody watched in the app, most of which are not even there": of_all_items,
            "this includes courses and replays without a viewer; asked are those watched at least once": of_all_courses,
            "these are hours; asked are minutes": of_hours,
            "mean and median are in each other's column": swapped,
        },
    ),
    "15.3": Frame(
        keys=["hook_type"],
        columns={"posts": int, "hold": 0.005, "finish": 0.005},
        partial=True,
        right=lambda load: hooks(clips(load)),
        praise="the hook goes with who stays for three seconds; who of them stays to the end is another question, and none of"
        " this is an experiment",
        mistakes={
            "this is the mean of the posts' rates; asked is the rate of all views of these posts together": hooks_per_post,
            "this divides by all views; of those who stayed three seconds, how many finished?": lambda load: hooks(
                clips(load), finish=("completions", "views")
            )[["hook_type", "finish"]],
            "this divides by opens; a view is what can last three seconds": lambda load: hooks(
                clips(load), hold=("hold_3s", "opens")
            )[["hook_type", "hold"]],
            "this divides by impressions: most people to whom a post is shown never open it": lambda load: hooks(
                clips(load), hold=("hold_3s", "impressions")
            )[["hook_type", "hold"]],
            "this counts days; a post is one clip, all its days together": hooks_of_days,
            "this takes the clips of all platforms; Douyin's are asked": lambda load: hooks(clips(load, platform=None)),
            "this takes everything on Douyin; short videos are asked": lambda load: hooks(clips(load, kind=None)),
        },
    ),
    "15.4": Number(
        right=lost,
        tolerance=0.005,
        unit="a proportion between 0 and 1",
        praise="'our classes fill up' does not follow: the rate rises and the classes lose people, for a rate can be improved"
        " by sending part of its denominator away",
        mistakes={
            "this is the share of bookings made ahead; asked is how many of those who came had made one": lambda load: bookings(
                load
            )["ahead"].mean(),
            "this is how many of the early bookers came; asked is how many of those who came were early bookers": lambda load: (
                bookings(load).query("ahead")["came"].mean()
            ),
            "this is how many of those who stayed away had booked ahead; asked is the share of those who came": lambda load: (
                bookings(load).query("~came")["ahead"].mean()
            ),
            "this is what would remain; asked is what would be lost": lambda load: 1 - lost(load),
            "this is the rise of the rate that the plan promises; count the people who come instead": gained_rate,
            "this divides those who would be lost by all bookings; divide by those who came": lambda load: (
                bookings(load).eval("ahead and came").mean()
            ),
            "every booking is made before its class begins; ahead means on an earlier day": lambda load: (
                bookings(load).query("came")["lead"].gt(pd.Timedelta(0)).mean()
            ),
            "a day here is a calendar day: who books at 23:00 for the next morning has booked ahead": lambda load: (
                bookings(load).query("came")["lead"].ge(pd.Timedelta("1D")).mean()
            ),
        },
    ),
    "15.5": Function(
        right=gap,
        result=Number(tolerance=0.001, unit="a difference of two proportions"),
        cases={"two posts": (TWO,), "ten posts, one of them without views": (TEN,), "three posts with the same rate": (ALIKE,)},
        praise="try it on your own posts below",
        mistakes={
            "this is the gap as a part of the mean; asked is the difference": relative_gap,
            "a post without views has no rate; do not count it as a rate of 0": gap_with_zeros,
            "the covariance must divide by n, not by n - 1 (ddof=0)": gap_from_sample_covariance,
            "this is the rate per view alone; subtract the mean of the rates": lambda posts: (
                posts["completions"].sum() / posts["views"].sum()
            ),
        },
    ),
}
