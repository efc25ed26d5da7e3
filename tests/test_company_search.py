"""Pages, keywords, links and search results: they fit the world, and each finding holds in twenty companies."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import opscourse.company.build  # noqa: F401 - registers the builders
from opscourse.company.parameters import Parameters, varied
from opscourse.company.parquet import arrow_table
from opscourse.company.tables import TABLES, search
from opscourse.company.world import TALLIES, World

SEEDS = range(20)
WEIGHTS = (0.22, 0.28, 0.32, 0.10, 0.08)


@pytest.fixture(scope="module", params=SEEDS)
def company(request):
    """The tables of the pack, and those that they join with, of a variant of 3,000 users."""
    known, users = varied(request.param), 3_000
    block = World(known, users, request.param).block(0)
    world = World(known, users, request.param, {"campaign_signups": TALLIES["campaign_signups"](block)})
    names = [table.name for table in search.TABLES] + ["ad_spend_daily", "channels", "calendar"]
    return {name: arrow_table(TABLES[name], world[name]).to_pandas(date_as_object=False) for name in names}


def scores(company) -> np.ndarray:
    return company["pages"][["s1", "s2", "s3", "s4", "s5"]].to_numpy()


def test_what_may_vary_does():
    assert varied(1).search.long_tail != varied(2).search.long_tail
    assert varied(1).search.weights == Parameters().search.weights == WEIGHTS


def test_keys_are_unique_and_references_resolve(company):
    for table in search.TABLES:
        rows = company[table.name]
        assert not rows.duplicated(list(table.key)).any(), table.name
        for column in table.columns:
            if column.reference:
                other, key = column.reference
                assert rows[column.name].dropna().isin(company[other][key]).all(), f"{table.name}.{column.name}"
    assert company["keywords"]["text"].is_unique
    assert company["pages"]["path"].is_unique


def test_the_first_page_is_the_published_example(company):
    totals = [scores(company)[0] @ np.array(order) for order in permutations(WEIGHTS)]
    assert round(min(totals), 1) == 61.3
    assert round(max(totals), 1) == 76.9


def test_which_of_two_pages_is_better_often_hangs_on_the_lost_pairing_of_weights(company):
    totals = np.array([scores(company) @ np.array(order) for order in permutations(WEIGHTS)])
    first, second = np.triu_indices(totals.shape[1], 1)
    gap = totals[:, first] - totals[:, second]
    swaps = (gap.max(axis=0) > 1e-9) & (gap.min(axis=0) < -1e-9)
    assert 0.2 < swaps.mean() < 0.7


def test_inner_links_of_a_page_are_those_of_the_link_table(company):
    links, pages = company["backlinks"], company["pages"].set_index("page_id")
    own = links["from_page_id"].notna()
    assert (own == links["from_domain"].isna()).all()
    assert (own == (links["kind"] == "internal")).all()
    assert pages["inner_links"].to_dict() == links.loc[own, "from_page_id"].value_counts().reindex(pages.index).to_dict()
    assert (links["from_page_id"] != links["to_page_id"]).all()
    assert (links["status"] == "ok")[own].all()


def ranking(links: pd.DataFrame, pages: int = 60) -> list[int]:
    """Pages by PageRank, best first: power iteration over pages and other sites."""
    site, _ = pd.factorize(links["from_domain"])
    source = np.where(links["from_page_id"].notna(), links["from_page_id"].fillna(1) - 1, pages + site).astype(int)
    size = max(pages, int(source.max()) + 1)
    step = np.zeros((size, size))
    np.add.at(step, (links["to_page_id"].to_numpy() - 1, source), 1)
    out = step.sum(axis=0)
    step = np.where(out > 0, step / np.maximum(out, 1), 1 / size)
    rank = np.full(size, 1 / size)
    for _ in range(60):
        rank = 0.15 / size + 0.85 * step @ rank
    return (np.argsort(-rank[:pages]) + 1).tolist()


def test_bought_links_lift_pages_that_fall_once_they_are_taken_out(company):
    links = company["backlinks"]
    before = ranking(links)
    after = ranking(links[~links["status"].isin(["dead", "low_quality"])])
    lifted = set(links.loc[links["status"] == "low_quality", "to_page_id"])
    assert len(lifted) == 2
    assert lifted <= set(before[:6])
    assert set(before[:5]) - set(after[:5]) >= lifted & set(before[:5]) != set()


def test_ads_cost_and_bring_what_the_two_search_channels_do(company):
    spend = company["ad_spend_daily"].merge(company["channels"][["channel_id", "channel"]], on="channel_id")
    spend = spend[spend["channel"].isin(["paid_search", "brand_search"])]
    monday = spend["date"] - pd.to_timedelta(spend["date"].dt.day_of_week, unit="D")
    weekly = spend.groupby(monday)[["clicks", "cost_cny", "signups"]].sum()
    found = company["search_weekly"].groupby("week")[["paid_clicks", "cost_cny", "conversions"]].sum()
    assert np.allclose(found.loc[weekly.index], weekly, atol=0.011)
    assert found.drop(weekly.index).to_numpy().sum() == 0
    assert (company["search_weekly"]["conversions"] <= company["search_weekly"]["paid_clicks"]).all()
    assert (company["search_weekly"]["clicks"] <= company["search_weekly"]["impressions"]).all()


def results(company) -> pd.DataFrame:
    rows = company["search_weekly"].merge(company["keywords"], on="kw_id")
    return rows[rows["intent"] != "navigational"]


def test_long_keywords_are_rarer_and_register_more_often(company):
    rows = results(company)
    total = rows.groupby(rows["words"] >= 4)[["paid_clicks", "conversions"]].sum()
    rate = total["conversions"] / total["paid_clicks"]
    assert rate[True] > 1.1 * rate[False]
    keywords = company["keywords"].query("intent != 'navigational'")
    assert np.corrcoef(keywords["words"], np.log(keywords["volume_month"]))[0, 1] < -0.5


def test_the_work_on_pages_pays_slowly(company):
    rows = results(company)
    rank = rows.groupby("week")["rank"].median()
    before, soon, late = (
        rank[slice(*period)].mean() for period in (("2024-01", "2024-06-24"), ("2024-07", "2024-08"), ("2025-03", None))
    )
    assert late < 0.6 * before
    assert soon > 1.3 * late


def test_better_pages_and_easier_keywords_are_ranked_higher(company):
    rows = results(company).query("week >= '2025-01-01'").groupby("kw_id")["rank"].mean()
    keywords = company["keywords"].set_index("kw_id").loc[rows.index]
    score = pd.Series(scores(company) @ np.array(WEIGHTS), company["pages"]["page_id"])[keywords["page_id"]]
    assert np.corrcoef(np.log(rows), keywords["difficulty"])[0, 1] > 0.2
    assert np.corrcoef(np.log(rows), score)[0, 1] < -0.2


def test_some_clusters_compete_with_themselves(company):
    pages = company["keywords"].groupby("cluster")["page_id"].nunique()
    assert set(pages) == {1, 2}
    assert (pages == 2).sum() >= 3
