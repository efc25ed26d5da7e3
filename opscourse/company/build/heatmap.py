"""Where visitors of the site look and click (lesson 9)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.channels import USERS_AT_PLAN
from opscourse.company.world import Columns, World, builds, coded, pick

__all__ = ["page_clicks"]

_VISITS = {"home": 12.0, "landing": 3.0}  # visits relative to any other page
_MENU = 0.15  # share of clicks on the menu at the top
_BUTTON = 0.02  # standard deviation of clicks around the middle of the button


@builds("page_clicks")
def page_clicks(world: World) -> Columns:
    """One row a visit: how far it scrolled, which the page's content decides, and what it clicked of what it had seen."""
    stream, known, pages = world.stream("page_clicks"), world.parameters.search, world["pages"]
    size = round(known.clicks * min(world.users / USERS_AT_PLAN, 1))
    page = pick(stream, [_VISITS.get(kind, 1.0) for kind in pages["kind"]], size)
    version = stream.integers(0, 2, size)
    reach = known.scroll * np.exp((pages["s2"][page] - known.score) / 60)
    seen = np.minimum(known.fold + stream.exponential(reach), 1.0)
    button = np.array(known.button)[version]
    pressed = (seen >= button + 3 * _BUTTON) & (stream.random(size) < known.pressed)
    menu = ~pressed & (stream.random(size) < _MENU)
    x = np.select([pressed, menu], [stream.normal(0.5, 0.05, size), stream.random(size)], stream.beta(1.6, 3.0, size))
    y = np.select(
        [pressed, menu], [stream.normal(button, _BUTTON), 0.05 * stream.random(size)], seen * stream.beta(1.2, 1.4, size)
    )
    return {
        "click_id": np.arange(1, size + 1),
        "page_id": page.astype(np.int64) + 1,
        "version": coded(version, ("a", "b")),
        "x": np.clip(x, 0, 1).round(3),
        "y": np.clip(y, 0, seen).round(3),
        "on_button": pressed,
        "scroll_depth": seen.round(3),
    }
