"""App stores: reviews with and without reward (FL15), and what makes a listing seen and installed."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.channels import CHANNELS, USERS_AT_PLAN
from opscourse.company.build.people import DAY, clock, stamp
from opscourse.company.parameters import AppStore
from opscourse.company.tables.market import STORES
from opscourse.company.world import Block, Columns, World, builds, coded, optional, pick, tallies

__all__ = ["reviews", "store_daily", "store_signups"]

_EARLY = 30  # the first month brings few reviews
_MORE = 1.5  # further reviews while they are rewarded, relative
_RANKS = np.array([16, 12, 20, 26])  # of the first title at 3.5 stars, by store
_PLACEMENTS, _PLACED = 4, 7  # placements of each store's editors, and days each lasts


@builds("_inflow")
def inflow(world: World) -> Columns:
    """How much interest there is on each day, relative to the mean: as many more install as sign up."""
    return {"level": np.diff(world["_arrivals"]["cumulative"]) * DAYS}


@builds("_reviews")
def felt(block: Block) -> Columns:
    """One row a review, in order of time, and the stars that its writer feels."""
    stream, world = block.stream("_reviews"), block.world
    store = world.parameters.app_store
    edges = np.array([block.first_user - 1, block.first_user - 1 + block.size])
    size = int(np.diff(np.rint(edges * store.reviews / USERS_AT_PLAN))[0])
    begin, end = day_index(np.array(store.reward, dtype="datetime64[D]"))
    running = (np.arange(DAYS) >= begin) & (np.arange(DAYS) <= end)
    weight = world["_inflow"]["level"] * np.minimum(1, np.arange(1, DAYS + 1) / _EARLY) * (1 + _MORE * running)
    day = np.sort(stream.choice(DAYS, size, p=weight / weight.sum()))
    rewarded = running[day] & (stream.random(size) < store.rewarded)
    true = np.array(store.stars)
    stars = 1 + pick(stream, (true * store.voices, true), size, rewarded.astype(np.int64)).astype(np.int64)
    second = day * DAY + clock(stream, world.parameters.arrival.hours, size)
    order = np.argsort(second, kind="stable")
    return {"second": second[order], "rewarded": rewarded[order], "felt": stars[order]}


@builds("reviews")
def reviews(block: Block) -> Columns:
    """One row a review: who is rewarded gives five stars more often than they are felt."""
    stream = block.stream("reviews")
    store, hidden = block.parameters.app_store, block["_reviews"]
    size = hidden["felt"].size
    bought = hidden["rewarded"] & (stream.random(size) < store.bought)
    return {
        "review_id": block.first_id + np.arange(size),
        "ts": stamp(hidden["second"]),
        "store": coded(pick(stream, store.shares, size), STORES),
        "stars": np.where(bought, 5, hidden["felt"]),
        "incentivised": hidden["rewarded"],
        "refund_later": stream.random(size) < np.array(store.refunds)[hidden["felt"] - 1],
    }


@builds("_truth_reviews_felt")
def truth_reviews(block: Block) -> Columns:
    """The hidden table as it is written beside the company."""
    return {"review_id": block["reviews"]["review_id"], "felt": block["_reviews"]["felt"]}


@tallies("stars")
def stars(block: Block) -> np.ndarray:
    """Number of reviews and sum of their stars, by store and day."""
    reviews = block["reviews"]
    cell = np.asarray(reviews["store"].indices).astype(np.int64) * DAYS + day_index(reviews["ts"])
    sums = [np.bincount(cell, weights, minlength=len(STORES) * DAYS) for weights in (None, reviews["stars"])]
    return np.array(sums).astype(np.int64).reshape(2, len(STORES), DAYS)


@tallies("store_signups")
def store_signups(block: Block) -> np.ndarray:
    """Users who found the app in a store and signed up: phones of Apple's system (row 0), others (row 1), by day."""
    users = block["users"]
    found = users["channel_id"] == _channel("store_organic")
    day, other = day_index(users["signup_ts"])[found], (np.asarray(users["os"].indices)[found] > 0).astype(int)
    return np.bincount(other * DAYS + day, minlength=2 * DAYS).reshape(2, DAYS)


def _channel(name: str) -> int:
    return 1 + [channel.name for channel in CHANNELS].index(name)


@builds("store_daily")
def store_daily(world: World) -> Columns:
    """One row a day and store: rank, then impressions, then page views, then installs; ads take some of these away."""
    stream = world.stream("store_daily")
    store = world.parameters.app_store
    rating, number = _on_show(world)
    title = 1 + np.array([np.zeros(DAYS, bool) if not day else np.arange(DAYS) >= day_index(day) for day in _titles(store)])
    placed, push = _placements(store, stream)
    rank = _RANKS[:, None] * np.where(title == 2, store.title_rank, 1.0) * stream.lognormal(0, 0.08, title.shape)
    rank = np.maximum(np.rint(rank * np.exp(-store.rating_effect * (np.nan_to_num(rating, nan=3.5) - 3.5))), 1)
    per_day = store.installs * world.users / USERS_AT_PLAN * np.array(store.shares)[:, None] * world["_inflow"]["level"]
    shown = per_day / (store.view * store.install) * (_RANKS[:, None] / rank) ** store.rank_effect * push
    impressions = stream.poisson(shown)
    views = stream.binomial(impressions, store.view)
    installs = stream.binomial(views, store.install * np.where(title == 2, store.title_install, 1.0))
    ads = _ad_installs(world, stream)
    taken = np.minimum(stream.binomial(ads, 1 - CHANNELS[_channel("store_ads") - 1].incremental), installs)
    least = _known_signups(world)
    installs = np.maximum(installs - taken, least)
    views = np.maximum(views - taken, installs)
    impressions = np.maximum(impressions, views)
    columns = {
        "keyword_rank": rank.astype(np.int64),
        "impressions": impressions,
        "page_views": views,
        "installs": installs,
        "ad_installs": ads,
        "rating_n": number,
        "featured": placed,
        "title_version": title,
    }
    return {
        "date": np.repeat(FIRST_DAY + np.arange(DAYS), len(STORES)),
        "store": coded(np.tile(np.arange(len(STORES)), DAYS), STORES),
        **{name: values.T.ravel() for name, values in columns.items()},
        "rating_mean": optional(rating.T.ravel().round(2), number.T.ravel() > 0),
    }


def _titles(store: AppStore) -> list[np.datetime64 | None]:
    return [np.datetime64(day) if day else None for day in store.titles]


def _on_show(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Mean (not a number before the first) and number of all reviews until the end of each day, by store."""
    number, total = world.totals["stars"].cumsum(axis=2)
    return total / np.where(number > 0, number, np.nan), number


def _placements(store: AppStore, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Days on which the editors show the app, and what that does to impressions: most on the first day."""
    placed, push = np.zeros((len(STORES), DAYS), dtype=bool), np.ones((len(STORES), DAYS))
    for row in range(len(STORES)):
        for start in np.sort(stream.choice(DAYS // 14 - 1, _PLACEMENTS, replace=False)) * 14 + stream.integers(0, 7):
            placed[row, start : start + _PLACED] = True
            push[row, start : start + _PLACED] += store.featured * np.exp(-np.arange(_PLACED) / store.featured_days)
    return placed, push


def _ad_installs(world: World, stream: np.random.Generator) -> np.ndarray:
    """What `ad_spend_daily` says of ads in the stores, split between them."""
    spend = world["ad_spend_daily"]
    rows = spend["channel_id"] == _channel("store_ads")
    total = np.bincount(day_index(spend["date"][rows]), spend["installs"][rows], minlength=DAYS).astype(np.int64)
    shares = np.array(world.parameters.app_store.shares)
    return stream.multinomial(total, shares / shares.sum()).T


def _known_signups(world: World) -> np.ndarray:
    """Sign-ups that the users' table credits to the stores: there were at least as many installs."""
    apple, other = world.totals["store_signups"]
    shares = np.array(world.parameters.app_store.shares[1:])
    edges = np.rint(np.outer(np.append(0, np.cumsum(shares) / shares.sum()), other)).astype(np.int64)
    return np.vstack([apple, np.diff(edges, axis=0)])
