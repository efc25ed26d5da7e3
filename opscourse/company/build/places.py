"""The 40 cities, all invented."""

from __future__ import annotations

import numpy as np

from opscourse.company.world import Columns, World, builds

__all__ = ["cities"]

_NAMES = (
    "Lanhe", "Yunxi", "Baishan Bay", "Haicheng Port", "Qinglan", "Muyang", "Shuangqiao", "Fenghe", "Xilin", "Jinwan",
    "Longtan", "Dongmei", "Hepu Hill", "Ruian Lake", "Songping", "Luohai", "Zhuxi", "Anlin", "Taoyan", "Meigang",
    "Beiluo", "Heyuan Gate", "Pingshui", "Guanling", "Wuqi", "Liusha", "Tangkou", "Xinhe", "Yanbei", "Caiyun",
    "Shilin Ford", "Maoling", "Qiuhe", "Danxi", "Nanxun", "Huaping", "Jialing Ford", "Erhe", "Zhexi", "Luming",
)  # fmt: skip
_TIERS = (1,) * 4 + (2,) * 8 + (3,) * 14 + (4,) * 14
_PEOPLE = {1: 15_000_000, 2: 7_500_000, 3: 3_200_000, 4: 1_400_000}


@builds("cities")
def cities(world: World) -> Columns:
    """One row a city; who is treated is drawn within the tiers, so that treated and other cities are alike."""
    stream = world.stream("cities")
    tier = np.array(_TIERS)
    population = np.array([_PEOPLE[t] for t in _TIERS]) * stream.lognormal(0, 0.25, tier.size)
    probed = _drawn(stream, tier, {1: 2, 2: 4, 3: 4, 4: 2})
    treated = _drawn(stream, np.where(probed, tier, 0), {1: 1, 2: 1, 3: 1, 4: 1})
    return {
        "city_id": np.arange(1, tier.size + 1),
        "city": np.array(_NAMES, dtype=object),
        "tier": tier,
        "population": population.round(-4).astype(np.int64),
        "quality_probed": probed,
        "quality_treated": treated,
        "checkout_treated": _drawn(stream, tier, {1: 2, 2: 4, 3: 7, 4: 7}),
        "offline_campaign": _drawn(stream, tier, {1: 1, 2: 2, 3: 3, 4: 2}),
    }


def _drawn(stream: np.random.Generator, group: np.ndarray, counts: dict[int, int]) -> np.ndarray:
    chosen = np.zeros(group.size, dtype=bool)
    for value, count in counts.items():
        chosen[stream.choice(np.flatnonzero(group == value), count, replace=False)] = True
    return chosen
