"""The small tools that builders draw and sort with, against the plain way of doing the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from opscourse.company.world import coded, filled, located, ordered, pick

whole = arrays(np.int64, st.integers(0, 50), elements=st.integers(0, 2**40))


@settings(deadline=None)
@given(whole)
def test_ordered_is_a_stable_sort(key):
    assert ordered(key).tolist() == np.argsort(key, kind="stable").tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 70_000)), min_size=1))
def test_ordered_by_two_keys_is_lexsort(pairs):
    first, second = np.array(pairs).T
    assert ordered(first, second).tolist() == np.lexsort((second, first)).tolist()


@settings(deadline=None)
@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=30), st.lists(st.floats(0, 0.999999), max_size=40))
def test_located_is_searchsorted(steps, shares):
    edges = np.concatenate([[0.0], np.cumsum(steps)])
    values = np.concatenate([np.array(shares) * edges[-1], edges[:-1]])
    assert located(edges, values).tolist() == (np.searchsorted(edges, values, side="right") - 1).tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 5))))
def test_filled_is_one_range_after_the_other(pairs):
    first, counts = (np.array([pair[k] for pair in pairs], dtype=np.int64) for k in (0, 1))
    assert filled(first, counts).tolist() == [n for begin, count in pairs for n in range(begin, begin + count)]


def test_pick_draws_with_the_given_shares():
    stream = np.random.default_rng(1)
    drawn = pick(stream, (1, 2, 5), 80_000)
    assert np.bincount(drawn) / drawn.size == pytest.approx([0.125, 0.25, 0.625], abs=0.007)
    rows = np.repeat([0, 1], 40_000)
    by_row = pick(stream, ((1, 0), (1, 3)), 80_000, rows)
    assert by_row[:40_000].max() == 0
    assert by_row[40_000:].mean() == pytest.approx(0.75, abs=0.01)


def test_coded_texts_may_be_empty():
    assert coded(np.array([1, -1, 0]), ("a", "b")).to_pylist() == ["b", None, "a"]
