"""Parameters of being found: pages, keywords, links, search results."""

from __future__ import annotations

from dataclasses import dataclass

from opscourse.company.known import known

__all__ = ["Search"]


@dataclass(frozen=True)
class Search:
    """Search engines (Q22, FL11)."""

    weights: tuple[float, ...] = known(
        (0.22, 0.28, 0.32, 0.10, 0.08), "published weights of the five steps of a page; which is whose was lost", lesson=22
    )
    example: tuple[int, ...] = known((90, 60, 75, 40, 80), "scores of the five steps of page 1", unit="of 100", lesson=22)
    score: float = known(65.0, "mean score of a step", unit="of 100", lesson=22)
    page_spread: float = known(7.0, "standard deviation of it that a page's steps share", lesson=22)
    step_spread: float = known(13.0, "standard deviation of each step by itself", lesson=22)
    long_tail: float = known(
        0.30, "relative gain in registrations a click for each further word of a keyword", lesson=22, varies=(0.25, 0.35)
    )
    intent: tuple[float, ...] = known(
        (0.6, 1.0, 1.6), "registrations a click by intent (informational, navigational, transactional), relative", lesson=22
    )
    start: str = known("2024-07-01", "first day of the work on pages", lesson=22)
    months: float = known(6.0, "time until it has done 63% of what it does", unit="months", lesson=22)
    gain: float = known(0.9, "fall of the rank in logarithms, once it has done all", lesson=22, varies=(0.8, 1.0))
    click: float = known(0.28, "clicks an impression on the first place", lesson=22)
    place: float = known(1.1, "clicks fall as the place to this power", lesson=22)
    dead: float = known(0.16, "share of outside links that are dead", lesson=22)
    farm: float = known(0.20, "share of outside links that were bought from a few poor sites", lesson=22, varies=(0.17, 0.23))
    clicks: int = known(60_000, "visits to pages in the heat map, at 20,000 users or more", lesson=9)
    fold: float = known(0.18, "part of a page that is seen without scrolling", lesson=9)
    scroll: float = known(0.35, "mean further part that is seen, of a page whose content has the mean score", lesson=9)
    button: tuple[float, float] = known((0.60, 0.22), "height of the main button on versions a and b, from the top", lesson=9)
    pressed: float = known(0.28, "share of visits that have seen the button and click it", lesson=9, varies=(0.24, 0.32))
