"""Pages, the links to them, keywords, and what search engines show and cost (Q22, FL11)."""

from __future__ import annotations

from itertools import product

import numpy as np

from opscourse.company.build.calendar import DAYS, FIRST_DAY, day_index
from opscourse.company.build.channels import CHANNELS, USERS_AT_PLAN
from opscourse.company.tables.content import TOPICS
from opscourse.company.tables.search import INTENTS
from opscourse.company.world import Columns, World, builds, coded, optional, pick

__all__ = ["backlinks", "keywords", "pages", "search_weekly"]

_PAGES = (("home", 1), ("landing", 8), ("courses", 5), ("course", 12), ("article", 18), ("product", 12), ("help", 4))
_LINKS = 1_500
_INNER = 8  # mean links of a page to other pages of the site
_DOMAINS, _FARM = 220, 110  # other sites; the last of them sell links
_FARMED = 2  # pages that bought links lead to
_KEYWORDS = (300, 60, 240)  # informational, navigational, transactional
_BEFORE = {  # what may stand before and after a topic, by intent
    "informational": (("", "best", "easy", "how to do", "what is"), ("", "exercises", "routine", "plan", "tips")),
    "transactional": (("", "online", "live", "paid", "buy"), ("", "course", "class", "app", "membership price")),
}
_FOR_WHOM = ("", "at home", "for beginners", "before bed", "in ten minutes", "without equipment", "after work")
_BRAND = ("jiadong", "jia dong", "jiadong fitness")
_BRAND_PAGES = ("", "app", "login", "download", "price", "course", "live class", "reviews", "customer service number", "cancel")
_WEEKS = -(-DAYS // 7)


@builds("_page_scores")
def page_scores(world: World) -> Columns:
    """Scores of the five steps of each page (row); page 1 has the published example."""
    stream, known = world.stream("_page_scores"), world.parameters.search
    size = sum(count for _, count in _PAGES)
    level = known.score + known.page_spread * stream.standard_normal((size, 1))
    scores = np.clip(np.rint(level + known.step_spread * stream.standard_normal((size, 5))), 5, 100).astype(np.int64)
    scores[0] = known.example
    return {"scores": scores}


@builds("pages")
def pages(world: World) -> Columns:
    """One row a page."""
    stream, patience = world.stream("pages"), world.parameters.patience
    scores = world["_page_scores"]["scores"]
    size = len(scores)
    kind = np.repeat(np.array([kind for kind, _ in _PAGES], dtype=object), [count for _, count in _PAGES])
    number = np.concatenate([np.arange(count) for _, count in _PAGES])
    load = patience.load_median * np.exp((scores[:, 3].mean() - scores[:, 3]) / 30 + stream.normal(0, 0.15, size))
    left = 1 - np.exp(-((load / patience.scale) ** patience.shape))
    inner = world["backlinks"]["from_page_id"].fill_null(0).to_numpy(zero_copy_only=False)
    return {
        "page_id": np.arange(1, size + 1),
        "path": np.array([f"/{k}/{n}" if k != "home" else "/" for k, n in zip(kind, number, strict=True)], dtype=object),
        "kind": kind,
        "title_ok": scores[:, 0] >= 55,
        "h1_ok": scores[:, 2] + stream.normal(0, 10, size) >= 50,
        "inner_links": np.bincount(inner, minlength=size + 1)[1:],
        "load_ms": (1000 * load).astype(np.int64),
        "requests": 8 + stream.poisson(30 * load),
        "kb": (900 * load * stream.lognormal(0, 0.2, size)).astype(np.int64),
        "bounce_rate": np.clip(left + (1 - left) * stream.beta(12, 20, size), 0, 1).round(3),
        "dwell_s": (45 * np.exp((scores[:, 1] - 65) / 40) * stream.lognormal(0, 0.2, size)).round(1),
        "ctr": np.clip(0.03 * np.exp((scores[:, 0] - 65) / 35) * stream.lognormal(0, 0.2, size), 0, 1).round(4),
        "fix_cost_h": (0.25 * (100 - scores).mean(axis=1) * stream.lognormal(0, 0.3, size)).round(1),
    } | {f"s{k + 1}": scores[:, k] for k in range(5)}


@builds("backlinks")
def backlinks(world: World) -> Columns:
    """One row a link: own pages link to pages near them in kind and to the home page, other sites to what they like."""
    stream, known = world.stream("backlinks"), world.parameters.search
    scores = world["_page_scores"]["scores"]
    size = len(scores)
    inner = np.maximum(stream.poisson(_INNER, size), 1)
    source = np.repeat(np.arange(size), inner)
    pull = np.exp(scores[:, 2] / 40) * np.where(np.arange(size) == 0, 8, 1)
    target = (source + 1 + pick(stream, np.ones(size - 1), source.size)) % size
    to_popular = stream.random(source.size) < 0.5
    target = np.where(to_popular, pick(stream, pull, source.size), target)
    target = np.where(target == source, (source + 1) % size, target)

    outside = _LINKS - source.size
    bought = stream.random(outside) < known.farm
    farmed = stream.choice(
        np.argsort(scores[:, 2] + scores[:, 4])[: size // 3], _FARMED, replace=False
    )  # nobody links to these
    domain = np.where(
        bought, _DOMAINS - _FARM + stream.integers(0, _FARM, outside), stream.zipf(1.4, outside) % (_DOMAINS - _FARM)
    )
    liked = pick(stream, np.exp(scores[:, 4] / 20) * stream.pareto(2.5, size), outside)
    led = np.where(bought, farmed[stream.integers(0, _FARMED, outside)], liked)
    dead = ~bought & (stream.random(outside) < known.dead / (1 - known.farm))
    status = np.select([bought, dead, stream.random(outside) < 0.06], [3, 1, 2], 0)
    kind = np.where(bought, 1, 1 + pick(stream, (0.22, 0.26, 0.14, 0.16, 0.22), outside))
    none = np.full(source.size, -1)
    names = [f"site-{number:03d}.example" for number in range(1, _DOMAINS + 1)]
    own = np.arange(_LINKS) < source.size
    return {
        "link_id": np.arange(1, _LINKS + 1),
        "from_page_id": optional(np.concatenate([source, np.zeros(outside, dtype=np.int64)]) + 1, own),
        "from_domain": coded(np.concatenate([none, domain]), names),
        "to_page_id": np.concatenate([target, led]) + 1,
        "status": coded(
            np.concatenate([np.zeros(source.size, dtype=np.int64), status]), ("ok", "dead", "redirect", "low_quality")
        ),
        "kind": coded(np.concatenate([none + 1, kind]), ("internal", "directory", "guest", "report", "local", "social")),
        "anchor": coded(pick(stream, (0.3, 0.35, 0.15, 0.2), _LINKS), ("brand", "keyword", "url", "other")),
    }


def _texts(stream: np.random.Generator) -> list[tuple[int, str, str]]:
    """Intent, cluster and text of each keyword."""
    rows = []
    for code, (intent, count) in enumerate(zip(INTENTS, _KEYWORDS, strict=True)):
        if intent == "navigational":
            both = [("jiadong", " ".join((brand, *((page,) if page else ())))) for brand, page in product(_BRAND, _BRAND_PAGES)]
            both += [
                ("jiadong", f"jiadong {topic} {page}".strip())
                for topic, page in product(TOPICS, ("", "course", "live class", "app"))
            ]
        else:
            both = [
                (f"{topic} {code}", " ".join(part for part in (first, topic, last, whom) if part))
                for topic, first, last, whom in product(TOPICS, *_BEFORE[intent], _FOR_WHOM)
                if first or last
            ]
        wish = np.array([len(text.split()) for _, text in both]) ** -2.0
        rows += [(code, *both[at]) for at in np.sort(stream.choice(len(both), count, replace=False, p=wish / wish.sum()))]
    return rows


@builds("keywords")
def keywords(world: World) -> Columns:
    """One row a keyword; a third of the clusters is served by two pages."""
    stream = world.stream("keywords")
    intent, cluster, text = (np.array(column) for column in zip(*_texts(stream), strict=True))
    words = np.array([len(t.split()) for t in text])
    kind = np.repeat(np.array([kind for kind, _ in _PAGES], dtype=object), [count for _, count in _PAGES])
    names, place = np.unique(cluster, return_inverse=True)
    page = np.zeros(text.size, dtype=np.int64)
    for number, name in enumerate(names):
        wanted = ("article", "course") if name.endswith("0") else ("landing", "product") if name.endswith("2") else ("home",)
        able = np.flatnonzero(np.isin(kind, wanted))
        two = stream.choice(able, min(2, able.size), replace=False)
        rows = np.flatnonzero(place == number)
        page[rows] = np.where((number % 3 == 0) & (stream.random(rows.size) < 0.4), two[-1], two[0])
    volume = (
        np.array([900, 140, 900])[intent]
        * np.exp(-0.62 * (words - 1))
        * stream.lognormal(0, 0.8, text.size)
        * world.users
        / USERS_AT_PLAN
    )
    difficulty = np.clip(np.rint(72 - 8 * (words - 1) + 6 * (intent == 2) + stream.normal(0, 9, text.size)), 1, 100)
    difficulty = np.where(intent == 1, np.minimum(difficulty, 12), difficulty).astype(np.int64)
    rival = np.rint(np.exp(stream.normal(2.2, 0.9, text.size))).clip(1, 60).astype(np.int64)
    return {
        "kw_id": np.arange(1, text.size + 1),
        "page_id": page + 1,
        "text": text.astype(object),
        "cluster": np.array(
            [name.split()[0] + {"0": " know", "2": " buy"}.get(name[-1], "") for name in cluster], dtype=object
        ),
        "intent": coded(intent, INTENTS),
        "words": words,
        "volume_month": np.maximum(volume, 1).astype(np.int64),
        "difficulty": difficulty,
        "cpc_cny": (np.array([1.1, 0.5, 2.4])[intent] * np.exp(difficulty / 90) * stream.lognormal(0, 0.25, text.size)).round(
            2
        ),
        "rival_rank": optional(rival, (rival <= 50) & (intent != 1)),
    }


@builds("search_weekly")
def search_weekly(world: World) -> Columns:
    """One row a keyword and week: own results by the page's scores and the work on them, ads as the campaigns paid for them."""
    stream, known, table = world.stream("search_weekly"), world.parameters.search, world["keywords"]
    week = np.arange(_WEEKS)
    score = world["_page_scores"]["scores"][table["page_id"] - 1] @ np.array(known.weights)
    began = (week * 7 - int(day_index(np.datetime64(known.start)))) / 30.4
    progress = -np.expm1(-np.maximum(began, 0) / known.months)
    intent = np.asarray(table["intent"].indices)
    level = np.where(
        intent == 1, 0.1, 2.0 + table["difficulty"] / 40 - (score - known.score) / 20 + stream.normal(0, 0.5, intent.size)
    )
    rank = np.exp(level - known.gain * progress[:, None] + stream.normal(0, 0.08, (_WEEKS, intent.size))).clip(1, 100).round(1)
    days = np.bincount(np.arange(DAYS) // 7)
    season = np.bincount(np.arange(DAYS) // 7, world["calendar"]["search_index"]) / 100 / days
    shown = table["volume_month"] * (season * days / 30.4)[:, None] * np.minimum(1, 10 / rank)
    impressions = stream.poisson(shown)
    clicks = stream.binomial(impressions, known.click * rank**-known.place)
    paid, cost, conversions = _ads(world, stream, intent)
    return {
        "week": FIRST_DAY + 7 * np.repeat(week, intent.size),
        "kw_id": np.tile(table["kw_id"], _WEEKS),
        "rank": rank.ravel(),
        "impressions": impressions.ravel(),
        "clicks": clicks.ravel(),
        "paid_clicks": paid.ravel(),
        "cost_cny": cost.ravel(),
        "conversions": conversions.ravel(),
    }


def _ads(world: World, stream: np.random.Generator, intent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clicks, cost and registrations of each week (row) and keyword (column): those of the two channels, shared out."""
    known, table, spend = world.parameters.search, world["keywords"], world["ad_spend_daily"]
    shape = (_WEEKS, intent.size)
    paid, cost, conversions = np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    week = day_index(spend["date"]) // 7
    worth = np.array(known.intent)[intent] * (1 + known.long_tail) ** (table["words"] - 1)
    names = [channel.name for channel in CHANNELS]
    for channel, mine in (("paid_search", intent != 1), ("brand_search", intent == 1)):
        rows = spend["channel_id"] == names.index(channel) + 1
        clicks, spent, signups = (
            np.bincount(week[rows], spend[column][rows], minlength=_WEEKS) for column in ("clicks", "cost_cny", "signups")
        )
        keyword = np.flatnonzero(mine)
        wish = table["volume_month"][keyword] ** 0.8 * np.where(intent[keyword] == 2, 2.0, 1.0)
        for at in np.flatnonzero(spent):
            got = stream.multinomial(int(clicks[at]), wish / wish.sum())
            paid[at, keyword] = got
            price = got * table["cpc_cny"][keyword] if clicks[at] else wish  # in a small company a week may go without a click
            cents = np.rint(np.cumsum(price) / price.sum() * round(100 * spent[at]))
            cost[at, keyword] = np.diff(cents, prepend=0.0) / 100
            each = np.repeat(keyword, got)
            chance = stream.random(each.size) ** (1 / worth[each])
            won = each[np.argsort(-chance)[: int(signups[at])]]
            conversions[at] += np.bincount(won, minlength=intent.size)
    return paid, cost.round(2), conversions
