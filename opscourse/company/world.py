"""How a company comes about: streams, blocks of users, and one builder a table.

A builder is a function from what is already known to one table, given as a dict of columns (numpy arrays or Arrow arrays, in
the order of the schema). It draws from the stream of its own table only, so that a new table changes no other one.

    @builds("orders")
    def orders(block: Block) -> Columns: ...

Reference and summary builders get the `World`, block builders a `Block`. Hidden tables (what only the simulator knows: who is
which persona, who is still alive) are built and cached in the same way; their names start with an underscore.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa

from opscourse.company.parameters import Parameters

__all__ = [
    "BLOCK_USERS",
    "BUILDERS",
    "ID_SPAN",
    "SINGLE_BLOCK",
    "TALLIES",
    "Block",
    "Columns",
    "World",
    "builds",
    "coded",
    "filled",
    "located",
    "optional",
    "ordered",
    "pick",
    "tallies",
]

SINGLE_BLOCK = 20_000  # a company of at most so many users is one block, so one file a table
BLOCK_USERS = 16_000  # users of a block of a larger one: what bounds the memory
ID_SPAN = 10_000_000  # ids of block b start at b * ID_SPAN + 1: unique without knowing how many the earlier blocks used

Columns = dict[str, Any]
BUILDERS: dict[str, Callable[[Any], Columns]] = {}
TALLIES: dict[str, Callable[[Any], np.ndarray]] = {}  # what is summed over all blocks into `World.totals`


def builds(name: str) -> Callable[[Callable[[Any], Columns]], Callable[[Any], Columns]]:
    """Register the decorated function as the one that makes table `name`."""

    def register(builder: Callable[[Any], Columns]) -> Callable[[Any], Columns]:
        if name in BUILDERS:
            raise ValueError(f"table {name!r} has two builders")
        BUILDERS[name] = builder
        return builder

    return register


def tallies(name: str) -> Callable[[Callable[[Any], np.ndarray]], Callable[[Any], np.ndarray]]:
    """Register a function from a block to an array of counts; their sum over all blocks is `world.totals[name]`."""

    def register(count: Callable[[Any], np.ndarray]) -> Callable[[Any], np.ndarray]:
        if name in TALLIES:
            raise ValueError(f"{name!r} is counted twice")
        TALLIES[name] = count
        return count

    return register


def coded(codes: np.ndarray, values: tuple[str, ...] | np.ndarray) -> pa.DictionaryArray:
    """A text column from small codes into `values`; a negative code is an empty value."""
    mask = codes < 0
    narrow = np.where(mask, 0, codes).astype(np.int16) if mask.any() else codes.astype(np.int16)
    return pa.DictionaryArray.from_arrays(pa.array(narrow, mask=mask), pa.array(list(values), pa.string()))


def optional(values: np.ndarray, present: np.ndarray) -> pa.Array:
    """A column that is empty where `present` is false."""
    return pa.array(values, mask=~present)


def filled(first: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """first[0], first[0]+1, ... (counts[0] of them), then the same from first[1]: the ranges one after the other."""
    ends = np.cumsum(counts)
    return np.repeat(first - (ends - counts), counts) + np.arange(ends[-1] if ends.size else 0)


def ordered(*keys: np.ndarray) -> np.ndarray:
    """Rows in ascending order of the first key, then of the next; ties keep their order. Keys are whole numbers from 0.

    Sixteen bits at a time, which numpy sorts by counting: several times faster than comparing.
    """
    order: np.ndarray | None = None
    for key in reversed(keys):
        most = int(key.max(initial=0))
        for shift in range(0, max(most.bit_length(), 1), 16):
            digit = (key >> shift).astype(np.uint16)
            order = np.argsort(digit, kind="stable") if order is None else order[np.argsort(digit[order], kind="stable")]
    return np.arange(0) if order is None else order


def located(edges: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The place of each value among ascending edges: edges[place] <= value < edges[place + 1], as `searchsorted` would say.

    Looks each value up in a fine grid first, which leaves few steps to go: several times faster where the edges are few.
    """
    grid = 16 * edges.size
    scale = grid / (edges[-1] - edges[0])
    start = (
        np.searchsorted(edges, edges[0] + (np.arange(grid + 1) - 1) / scale, side="right") - 1
    )  # one cell back: never beyond
    place = start.clip(0)[((values - edges[0]) * scale).astype(np.int64)]
    rows = np.flatnonzero(edges[np.minimum(place + 1, edges.size - 1)] <= values)
    while rows.size:
        place[rows] += 1
        rows = rows[place[rows] + 1 < edges.size]
        rows = rows[edges[place[rows] + 1] <= values[rows]]
    return place


def pick(stream: np.random.Generator, shares: Any, size: int, row: np.ndarray | None = None) -> np.ndarray:
    """Draw `size` codes with the given shares; with `row`, shares are a table and row says which of its rows counts.

    Works on a table of 65,536 equal parts: exact to 1/65,536, and an order of magnitude faster than `stream.choice`.
    """
    table = np.atleast_2d(np.asarray(shares, dtype=float))
    bounds = np.rint(np.cumsum(table, axis=1) / table.sum(axis=1, keepdims=True) * 65_536).astype(np.int64)
    counts = np.diff(bounds, axis=1, prepend=0)
    codes = np.tile(np.arange(table.shape[1], dtype=np.int16), table.shape[0])
    lookup = np.repeat(codes, counts.ravel())
    drawn = stream.integers(0, 65_536, size, dtype=np.uint16)
    return lookup[drawn] if row is None else lookup[row.astype(np.int32) * 65_536 + drawn]


@dataclass
class World:
    """One company: its parameters, its size and its seed; reference tables are made on first use and kept."""

    parameters: Parameters = field(default_factory=Parameters)
    users: int = 20_000
    seed: int = 2024
    totals: Mapping[str, Any] = field(default_factory=dict)  # what summary builders need to know of all blocks
    _tables: dict[str, Columns] = field(default_factory=dict, repr=False)

    def stream(self, table: str, block: int = 0) -> np.random.Generator:
        """The random stream of one table (and block): independent of every other one and of the order of calls."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, crc32(table.encode()), block]))

    def __getitem__(self, table: str) -> Columns:
        if table not in self._tables:
            self._tables[table] = BUILDERS[table](self)
        return self._tables[table]

    @property
    def n_blocks(self) -> int:
        """Blocks of users, in order of sign-up."""
        return 1 if self.users <= SINGLE_BLOCK else -(-self.users // BLOCK_USERS)

    def block(self, index: int) -> Block:
        """Block number `index`, nothing in it made yet."""
        return Block(self, index)


@dataclass
class Block:
    """A slice of the company's users in order of sign-up: user ids `first_user` .. `first_user + size - 1`."""

    world: World
    index: int
    _tables: dict[str, Columns] = field(default_factory=dict, repr=False)

    @property
    def first_user(self) -> int:
        """The smallest user id of the block."""
        return self.index * BLOCK_USERS + 1

    @property
    def size(self) -> int:
        """Number of users."""
        return self.world.users if self.world.n_blocks == 1 else min(BLOCK_USERS, self.world.users - self.index * BLOCK_USERS)

    @property
    def first_id(self) -> int:
        """The smallest id of anything in this block that is not a user."""
        return self.index * ID_SPAN + 1

    @property
    def parameters(self) -> Parameters:
        """The parameters of the world."""
        return self.world.parameters

    def stream(self, table: str) -> np.random.Generator:
        """The stream of one table in this block."""
        return self.world.stream(table, self.index)

    def __getitem__(self, table: str) -> Columns:
        if table not in self._tables:
            self._tables[table] = BUILDERS[table](self)
        return self._tables[table]
