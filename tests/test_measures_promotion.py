"""Keywords and links: what somebody who wants to be found needs to be true."""

import math

import numpy as np
import pandas as pd
import pytest
from engines import KINDS, measured, same
from hypothesis import given, settings
from hypothesis import strategies as st

from opscourse.errors import ArgumentError
from opscourse.promotion import keyword_opportunity, page_rank


def test_an_opportunity_by_hand_and_in_the_form_that_was_given():
    keywords = pd.DataFrame(
        {"volume": [1000, 9000, 500], "difficulty": [20, 95, 0], "cpc": [2.0, 2.0, 3.0]}, index=["a", "b", "c"]
    )
    score = keyword_opportunity(keywords["volume"], keywords["difficulty"], keywords["cpc"], ctr=0.1)
    assert score.to_dict() == pytest.approx({"a": 160, "b": 90, "c": 150})
    assert keyword_opportunity(1000, 20, 2.0, ctr=0.1, current_ctr=0.04) == pytest.approx(96)
    assert keyword_opportunity(1000, 20, 2.0, ctr=0.1, current_ctr=0.2) < 0
    assert keyword_opportunity(1000, 100, 2.0, ctr=0.1) == 0
    assert math.isnan(keyword_opportunity([1000, math.nan], 20, 2.0, ctr=0.1)[1])


# A graph of the textbooks: a ring of three, one page that only links, one that only is linked to; a link twice.
LINKS = pd.DataFrame(
    [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("d", "e"), ("d", "e"), ("c", "e")], columns=["from_page", "to_page"]
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_rank_is_the_solution_of_its_equations(kind):
    ranked = measured(kind, page_rank, LINKS)
    assert list(ranked) == ["page", "links_in", "links_out", "page_rank"]
    assert ranked["page_rank"].is_monotonic_decreasing
    ranks = ranked.set_index("page")
    assert ranks["links_in"].to_dict() == {"a": 2, "b": 1, "c": 1, "d": 0, "e": 2}
    assert ranks["links_out"].to_dict() == {"a": 1, "b": 1, "c": 2, "d": 2, "e": 0}
    # By hand: a reader goes from e anywhere; otherwise each link of a page alike.
    a, b, c, d, e = (ranks["page_rank"][page] for page in "abcde")
    anywhere = 0.85 * e / 5 + 0.15 / 5
    assert a == pytest.approx(0.85 * (c / 2 + d / 2) + anywhere, abs=1e-12)
    assert b == pytest.approx(0.85 * a + anywhere, abs=1e-12)
    assert c == pytest.approx(0.85 * b + anywhere, abs=1e-12)
    assert d == pytest.approx(anywhere, abs=1e-12)
    assert e == pytest.approx(0.85 * (d / 2 + c / 2) + anywhere, abs=1e-12)
    assert ranks["page_rank"].sum() == pytest.approx(1, abs=1e-12)
    # networkx 3.6.1: pagerank(DiGraph(links), alpha=0.85, tol=1e-14); a and e are equal and so sorted by name.
    assert ranked["page"].tolist() == ["c", "b", "a", "e", "d"]
    peer = [0.2724923113319228, 0.24343506032647233, 0.20925005914359643, 0.20925005914359643, 0.06557251005441206]
    assert ranked["page_rank"].tolist() == pytest.approx(peer, abs=1e-12)


def test_the_example_of_the_inventors_chain():
    # Two pages, one linking to the other: x = 0.85 y / 2 + 0.075 and y = 0.85 (x + y / 2) + 0.075.
    ranks = page_rank(pd.DataFrame({"from_page": [1], "to_page": [2]})).set_index("page")["page_rank"]
    assert ranks.to_dict() == pytest.approx({1: 1 / 2.85, 2: 1.85 / 2.85})
    assert page_rank(LINKS, damping=0)["page_rank"].tolist() == pytest.approx([0.2] * 5)


GRAPHS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40)


@given(GRAPHS, st.floats(0, 0.99), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_iterating_gives_what_solving_the_linear_equations_gives(pairs, damping, random):
    links = pd.DataFrame(pairs, columns=["from_page", "to_page"])
    ranked = page_rank(links, damping=damping)
    pages = sorted(set(links["from_page"]) | set(links["to_page"]))
    n = len(pages)
    follow = np.zeros((n, n))
    for source, target in set(pairs):
        follow[pages.index(target), pages.index(source)] = 1
    follow = np.where(follow.sum(axis=0) > 0, follow / np.maximum(follow.sum(axis=0), 1), 1 / n)
    exact = np.linalg.solve(np.eye(n) - damping * follow, np.full(n, (1 - damping) / n))
    assert ranked.set_index("page")["page_rank"].sort_index().tolist() == pytest.approx(exact.tolist(), abs=1e-9)
    same(page_rank(links.iloc[random.sample(range(len(links)), len(links))], damping=damping), ranked)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_kind_of_frame_gives_the_same_ranks(kind):
    random = np.random.default_rng(5)
    links = pd.DataFrame(random.integers(1, 60, (400, 2)), columns=["from_page", "to_page"])
    same(measured(kind, page_rank, links), page_rank(links))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: keyword_opportunity(-1, 20, 2, 0.1), ["volume", "-1"]),
        (lambda: keyword_opportunity(1, 120, 2, 0.1), ["difficulty", "120"]),
        (lambda: keyword_opportunity(1, 20, 2, 10), ["ctr", "10"]),
        (lambda: keyword_opportunity(1, 20, 2, 0.1, current_ctr=4), ["current_ctr", "4"]),
        (lambda: keyword_opportunity([1, 2], [1, 2, 3], 2, 0.1), ["volume 2, difficulty 3"]),
        (lambda: page_rank(LINKS[:0]), ["links has no rows"]),
        (lambda: page_rank(LINKS, to_col="to"), ["no column 'to'"]),
        (lambda: page_rank(LINKS.assign(to_page=None)), ["'to_page'", "7 of 7"]),
        (lambda: page_rank(LINKS.assign(to_page=1)), ["'to_page'", "convert one"]),
        (lambda: page_rank(LINKS, damping=1), ["damping is 1"]),
    ],
)
def test_bad_input_is_refused_in_words_that_help(call, says):
    with pytest.raises(ArgumentError) as caught:
        call()
    for words in says:
        assert words in str(caught.value)
