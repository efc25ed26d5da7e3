"""Measures of promotion: those of `opscourse.search`."""

from opscourse.search import keyword_opportunity, page_rank

__all__ = ["keyword_opportunity", "page_rank"]
