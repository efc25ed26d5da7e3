"""How far each user gets through the steps of a funnel, as queries: the way `funnel` counts.

Each step has its rows (`at`), with `_user`, `_step` (from 1), `_at` (microseconds since the first event) and `_rank`, the order
in which they may follow each other. What can be reached from a start can also be reached from an earlier one, so that of all
starts the latest is enough to know.
"""

from __future__ import annotations

import narwhals as nw

from opscourse.frames import Source

__all__ = ["NEVER", "by_user", "in_any_order", "ordered"]

NEVER = -(2**60)  # microseconds: so long before every event that no window reaches back to it


def ordered(source: Source, at: list[nw.LazyFrame], length: int, start: str) -> nw.LazyFrame:
    """The rows that a chain leads to in time, with its latest start: a running maximum, taken over from step to step."""
    first, *rest = at
    if start == "first":
        first = first.group_by("_user", "_step").agg(nw.col("_at", "_rank").min())
    before = first.select("_user", "_step", "_at", "_rank", _start="_at")
    rest = [rows.select("_user", "_step", "_at", "_rank", _start=nw.lit(NEVER)) for rows in rest]
    if before.implementation.is_duckdb():
        return _ordered_by_duckdb(nw.concat([before, *rest]), len(at), length)
    far = [before]
    for step, rows in enumerate(rest, 2):
        both = nw.concat([before, rows]).with_columns(_start=nw.col("_start").cum_max().over("_user", order_by="_rank"))
        before = both.filter(nw.col("_step") == step, nw.col("_at") - nw.col("_start") <= length)
        far.append(before)
    return nw.concat(far)


def _ordered_by_duckdb(rows: nw.LazyFrame, steps: int, length: int) -> nw.LazyFrame:
    """The same as one query of joins to the latest row before, half the work: what several parts use, DuckDB computes once."""
    parts = ["s1 as (select * from opscourse_rows where _step = 1)"]
    parts += [
        f"s{step} as (select a.* replace (b._start as _start) from opscourse_rows as a asof join s{step - 1} as b"
        f" on a._user = b._user and a._rank >= b._rank where a._step = {step} and a._at - b._start <= {length})"
        for step in range(2, steps + 1)
    ]
    far = " union all ".join(f"select * from s{step}" for step in range(1, steps + 1))
    return nw.from_native(rows.to_native().query("opscourse_rows", f"with {', '.join(parts)} {far}")).lazy()


def in_any_order(source: Source, at: list[nw.LazyFrame], length: int, start: str) -> nw.LazyFrame:
    """For each row and number of different steps, the latest start of a window in which there were so many until then."""
    rows, steps = nw.concat(at), len(at)
    last = {
        f"_{step}": nw.when(nw.col("_step") == step).then("_at").otherwise(NEVER)  # the last time of this step
        for step in range(1, steps + 1)
    }
    rows = rows.with_columns(**last)
    rows = rows.with_columns(nw.col(name).cum_max().over("_user", order_by="_rank") for name in last)
    for low in range(2, steps + 1):  # sort them by insertion, the latest first: from the n-th on there were n different steps
        for at in range(low, 1, -1):
            pair = f"_{at - 1}", f"_{at}"
            rows = rows.with_columns(nw.max_horizontal(*pair).alias(pair[0]), nw.min_horizontal(*pair).alias(pair[1]))
    if start == "first":
        first = nw.col("_at").min().over("_user")
        rows = rows.with_columns(_first=first).with_columns(
            nw.when(nw.col(name) > NEVER).then("_first").otherwise(NEVER).alias(name) for name in last
        )
    rows = source.once(rows)
    far = [rows.select("_user", "_at", _step=nw.lit(n), _start=f"_{n}") for n in range(1, steps + 1)]
    return nw.concat(far).filter(nw.col("_at") - nw.col("_start") <= length)


def by_user(far: nw.LazyFrame, closed: int, length: int) -> nw.LazyFrame:
    """For each user and step: whether it was reached from a start until `closed`, in what time, or only from a later one."""
    late = nw.col("_start") > closed
    far = far.with_columns(
        _took=nw.when(~late).then(nw.col("_at") - nw.col("_start")),
        _kept=nw.when(~late).then("_start"),
        _late=nw.when(late).then("_at"),
    )
    users = far.group_by("_user", "_step").agg(nw.col("_took").min(), nw.col("_kept").max(), nw.col("_late").min())
    # What was done from a late start was also done from the user's last closed one, if that is in the window.
    users = users.with_columns(_kept=nw.col("_kept").max().over("_user"))
    users = users.with_columns(_took=nw.min_horizontal("_took", nw.col("_late") - nw.col("_kept")))
    reached = nw.col("_took") <= length
    return users.with_columns(
        _took=nw.when(reached).then("_took"),
        _reached=nw.when(reached).then(nw.lit(1)).otherwise(nw.lit(0)),
        _open=nw.when(reached).then(nw.lit(0)).otherwise(nw.lit(1)),
    )
