"""Measures of being found: what a keyword is worth trying for, and which pages links make important."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from opscourse.errors import ArgumentError
from opscourse.frames import Source
from opscourse.values import number, together

__all__ = ["keyword_opportunity", "page_rank"]


def keyword_opportunity(volume: Any, difficulty: Any, value: Any, ctr: Any, current_ctr: Any = 0.0) -> Any:
    """What a better place for a keyword may bring in a month.

    Definition: volume x (ctr - current_ctr) x value x (1 - difficulty / 100): more clicks, times what one is worth, times the
    chance to get there. Below 0 where the place is already better than the one hoped for.

    Where it misleads: difficulty is an index of a tool, not the probability that 1 - difficulty / 100 takes it for; with
    its square the order changes. One ctr for all keywords ignores advertisements and answers above the first result.

    Parameters
    ----------
    volume : searches in a month, not negative.
    difficulty : how hard it is to rank, 0 to 100.
    value : what a click is worth: margin for each visit, or the price that others pay for a click.
    ctr : clicks for each search at the place hoped for, a fraction.
    current_ctr : the same at today's place; 0 if we are not found.

    Returns
    -------
    currency of value a month, as number, array or Series.

    Raises
    ------
    ArgumentError : a negative number, a difficulty above 100, a ctr above 1, lengths or indexes that do not match.

    Source: no standard exists. Additional clicks weighed with difficulty are the common core of the tools' scores; R09 of the
    course's topics.

    Examples
    --------
    >>> keyword_opportunity(volume=[1000, 9000], difficulty=[20, 95], value=2.0, ctr=0.1).round(6)
    array([160.,  90.])
    """
    given = {"volume": volume, "difficulty": difficulty, "value": value, "ctr": ctr, "current_ctr": current_ctr}
    numbers, form = together(**given, least=dict.fromkeys(given, 0))
    for name, most, values in (("difficulty", 100, numbers[1]), ("ctr", 1, numbers[3]), ("current_ctr", 1, numbers[4])):
        if (values > most).any():
            raise ArgumentError(f"{name} goes up to {np.nanmax(values):g}; it is a number from 0 to {most}.")
    volume, difficulty, value, ctr, current_ctr = numbers
    return form(volume * (ctr - current_ctr) * value * (1 - difficulty / 100))


def page_rank(links: Any, *, from_col: str = "from_page", to_col: str = "to_page", damping: float = 0.85) -> Any:
    """How important links make each page.

    Definition: the share of time that a reader spends on a page who follows a link of it by chance with probability damping,
    and else, or where a page has no link, goes to any page by chance. It solves page_rank = damping x (sum over the pages
    that link here of theirs / their links_out + sum over the pages without links of theirs / n) + (1 - damping) / n. Several
    links from one page to another count once; links of a page to itself count. So does networkx.pagerank.

    Where it misleads: links are made, also bought; a ring of pages that only link to each other keeps all that it gets. And
    search engines have long used it as one of many signals.

    Parameters
    ----------
    links : frame with one row for each link; leave out beforehand what should not count, such as dead links.
    from_col, to_col : the page with the link, and the one it leads to; both of one type.
    damping : probability of following a link, from 0 to below 1.

    Returns
    -------
    frame of the same kind, one row for each page, most important first, equals by page: page, links_in, links_out (other
    pages or itself, each once), page_rank (fractions with the sum 1).

    Raises
    ------
    ArgumentError : a missing column, an empty page, no links, columns of different types, another damping.

    Source: Page, Brin, Motwani and Winograd (1999); R11 of the course's topics.

    Examples
    --------
    >>> import pandas as pd
    >>> links = pd.DataFrame({"from_page": ["blog", "blog", "shop"], "to_page": ["home", "shop", "home"]})
    >>> page_rank(links).round(3)
       page  links_in  links_out  page_rank
    0  home         2          0      0.521
    1  shop         1          1      0.282
    2  blog         0          2      0.198
    """
    damping = number(damping, "damping", least=0)
    if damping >= 1:
        raise ArgumentError(f"damping is {damping!r}; give a fraction from 0 to below 1, for example 0.85.")
    source = Source(links=links)
    pairs, _ = source.read("links", key={"_from": from_col, "_to": to_col})
    pairs = source.collect(pairs.unique())
    kinds = pairs.schema["_from"], pairs.schema["_to"]
    if kinds[0] != kinds[1] and not all(kind.is_integer() for kind in kinds):
        raise ArgumentError(f"{from_col!r} holds {kinds[0]} and {to_col!r} {kinds[1]}; convert one of them.", column=to_col)
    pages, place = np.unique(np.array([*pairs["_from"].to_list(), *pairs["_to"].to_list()]), return_inverse=True)
    out, into = np.split(place, 2)
    n = len(pages)
    links_out, links_in = np.bincount(out, minlength=n), np.bincount(into, minlength=n)
    rank, before = np.full(n, 1 / n), np.zeros(n)
    while np.abs(rank - before).sum() > 1e-13:  # each round shrinks the error by the factor damping
        before = rank
        given = np.bincount(into, before[out] / links_out[out], minlength=n)
        rank = damping * (given + before[links_out == 0].sum() / n) + (1 - damping) / n
    order = np.lexsort((np.arange(n), -rank.round(12)))
    return source.answer(
        source.build(
            {
                "page": (pages[order].tolist(), kinds[0]),
                "links_in": (links_in[order].tolist(), nw.Int64),
                "links_out": (links_out[order].tolist(), nw.Int64),
                "page_rank": (rank[order].tolist(), nw.Float64),
            }
        )
    )
