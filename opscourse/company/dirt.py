"""The dirty layer: tables as they would arrive from a careless tracking plan (TP36). Nothing of it is stored.

The defects are drawn from the company's seed, so `load("events", dirty=True)` is the same frame every time, and
`defects()` says which row has which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from opscourse.company import store
from opscourse.company.parameters import Dirt
from opscourse.company.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = ["KEYS", "all_defects", "defects", "spoiled"]

KEYS = {"events": "event_id", "sessions": "session_id", "marketing_touches": "touch_id"}
_HOUR = np.timedelta64(3600, "s")
_SKEWS = np.array([-8, 8, 8, -12, 24]) * _HOUR  # most wrong clocks keep the time of another zone
_BOT_EVENTS = 400  # that one bot makes in a row, one a second


def spoiled(table: str, clean: pd.DataFrame, seed: int, dirt: Dirt) -> pd.DataFrame:
    """The dirty version of a clean table, in the order in which its rows arrived."""
    return _spoil(table, clean, seed, dirt).drop(columns="defect")


def all_defects(folder: Path) -> pd.DataFrame:
    """The defects of all dirty tables of the company in `folder`."""
    import pandas as pd

    seed, known = store.manifest(folder)["seed"], store.parameters(folder).dirt
    made = [table for table in KEYS if table in store.manifest(folder)["tables"]]
    parts = [defects(table, store.table_of(folder, TABLES[table]), seed, known) for table in made]
    return pd.concat(parts, ignore_index=True)


def defects(table: str, clean: pd.DataFrame, seed: int, dirt: Dirt) -> pd.DataFrame:
    """One row a defect: the row's position in the dirty table, the table's key, and what is wrong with it."""
    dirty = _spoil(table, clean, seed, dirt)
    wrong = dirty.loc[dirty["defect"] != "", [KEYS[table], "defect"]]
    wrong.insert(0, "row", wrong.index)
    wrong.insert(0, "table", table)
    wrong = wrong.rename(columns={KEYS[table]: "key"})
    return wrong.assign(defect=wrong["defect"].str.split(" ")).explode("defect").reset_index(drop=True)


def _spoil(table: str, clean: pd.DataFrame, seed: int, dirt: Dirt) -> pd.DataFrame:
    stream = np.random.default_rng(np.random.SeedSequence([seed, crc32(f"dirt.{table}".encode())]))
    if table == "events":
        return _spoiled_events(stream, clean, dirt)
    return _broken_tags(stream, clean, dirt, table)


def _spoiled_events(stream: np.random.Generator, clean: pd.DataFrame, dirt: Dirt) -> pd.DataFrame:
    import pandas as pd

    size = len(clean)
    log = pd.concat([clean, _bots(stream, clean, round(dirt.bots * size))], ignore_index=True)
    arrived = log["ts"].to_numpy().copy()
    marks = {"bot": np.arange(len(log)) >= size}

    marks["dated"] = _some(stream, len(log), dirt.dated)
    dated = log.loc[marks["dated"]]
    names = log["name"].to_numpy(dtype=object)
    names[marks["dated"]] = dated["page"].astype(object) + "_" + dated["name"] + dated["ts"].dt.strftime("_%Y%m%d")
    log["name"] = pd.Series(names, dtype="str")

    devices, owner = np.unique(log["device_id"].to_numpy(), return_inverse=True)
    turn = stream.permutation(devices.size)
    cumulative = np.cumsum(np.bincount(owner)[turn])
    wrong = np.zeros(devices.size, dtype=bool)
    wrong[turn[: np.searchsorted(cumulative, dirt.skewed * len(log)) + 1]] = True
    marks["skewed"] = wrong[owner]
    skew = _SKEWS[stream.integers(0, _SKEWS.size, devices.size)][owner]
    log["ts"] = log["ts"].where(~marks["skewed"], log["ts"] + skew)

    marks["late"] = _some(stream, len(log), dirt.late)
    delay = (stream.uniform(1, 4, len(log)) * 86_400).astype("timedelta64[s]")
    arrived = np.where(marks["late"], arrived + delay, arrived)
    log["defect"] = _labels(marks)
    again = np.flatnonzero(_some(stream, len(log), dirt.duplicates))
    copies = log.iloc[again]
    copies = copies.assign(defect=(copies["defect"] + " duplicate").str.strip())
    log = pd.concat([log, copies], ignore_index=True)
    arrived = np.concatenate([arrived, arrived[again] + stream.integers(1, 90, again.size).astype("timedelta64[s]")])
    return log.iloc[np.argsort(arrived, kind="stable")].reset_index(drop=True)


def _bots(stream: np.random.Generator, clean: pd.DataFrame, size: int) -> pd.DataFrame:
    """Events of scripts: one page view a second from devices and sessions that no other table knows."""
    import pandas as pd

    bot = np.arange(size) // _BOT_EVENTS
    first, last = clean["ts"].min().to_datetime64(), clean["ts"].max().to_datetime64()
    start = first + stream.random(bot.max(initial=0) + 1) * (last - first)
    frame = pd.DataFrame(
        {
            "event_id": clean["event_id"].max() + 1 + np.arange(size),
            "ts": start.astype("datetime64[s]")[bot] + (np.arange(size) % _BOT_EVENTS).astype("timedelta64[s]"),
            "session_id": clean["session_id"].max() + 1 + bot,
            "device_id": clean["device_id"].max() + 1 + bot // 4,
            "name": "page_view",
            "page": "shop",
            "version": clean["version"].iloc[-1],
        }
    )
    return frame.reindex(columns=clean.columns).astype(clean.dtypes)


def _broken_tags(stream: np.random.Generator, clean: pd.DataFrame, dirt: Dirt, table: str) -> pd.DataFrame:
    """Tags in capitals, with a blank, with an escaped letter or without their end."""
    import pandas as pd

    column = "utm" if table == "marketing_touches" else "utm_source"
    tags = clean[column].to_numpy(dtype=object).copy()
    tagged = np.flatnonzero(clean[column].notna())
    broken = tagged[_some(stream, tagged.size, dirt.broken_utm)]
    how = stream.integers(0, 4, broken.size)
    for row, kind in zip(broken, how, strict=True):
        tag = tags[row]
        tags[row] = (tag.upper(), tag + " ", f"%{ord(tag[0]):X}{tag[1:]}", tag[: len(tag) * 2 // 3] + "…")[kind]
    mark = np.zeros(len(clean), dtype=bool)
    mark[broken] = True
    return clean.assign(**{column: pd.Series(tags, index=clean.index, dtype="str")}, defect=_labels({"broken_utm": mark}))


def _some(stream: np.random.Generator, size: int, share: float) -> np.ndarray:
    """A mask with round(share * size) rows chosen at random."""
    mask = np.zeros(size, dtype=bool)
    mask[stream.choice(size, round(share * size), replace=False)] = True
    return mask


def _labels(marks: dict[str, np.ndarray]) -> np.ndarray:
    """The names of the marks of each row, with a blank between them."""
    names = list(marks)
    code = sum(mask.astype(np.int64) << bit for bit, mask in enumerate(marks.values()))
    words = [
        " ".join(name for bit, name in enumerate(names) if combination >> bit & 1) for combination in range(1 << len(names))
    ]
    return np.array(words, dtype=object)[code]
