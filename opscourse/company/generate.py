"""Making a company: every table of it, at any size, in bounded memory.

Users are made in blocks in order of sign-up, each block by one worker and into one Parquet part a table; a company of up to
20,000 users is one block and has one file a table. The result depends on users, seed and variant only, not on the number of
workers.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import opscourse
import opscourse.company.build
from opscourse.company import store
from opscourse.company.parameters import Parameters, varied
from opscourse.company.parquet import arrow_table, value_hash, write
from opscourse.company.schema import Table
from opscourse.company.tables import TABLES
from opscourse.company.tables.hidden import HIDDEN
from opscourse.company.world import TALLIES, World
from opscourse.errors import ArgumentError, DataUnavailable, UnknownName

__all__ = ["attach", "build_data", "differences", "generate", "main", "scratch"]

SHIPPED = {"users": 20_000, "seed": 2024}
_BESIDE = ("keys", "cards", "datapackage.json", "README.md")  # what may lie in a company's folder and is not made here


class Made(NamedTuple):
    """One table to write: its name among the files, the builder's name, the declaration."""

    file: str
    builder: str
    table: Table


class Finished(NamedTuple):
    """One block whose tables are written: what the manifest and the summary tables need to know of it."""

    index: int
    entries: dict[str, dict[str, Any]]
    counts: dict[str, Any]
    users: int


@dataclass(frozen=True)
class Plan:
    """What a worker needs to know to make any block."""

    users: int
    seed: int
    variant: bool
    tables: tuple[str, ...]
    folder: str

    def world(self, totals: dict[str, Any] | None = None) -> World:
        """The company, nothing in it made yet."""
        parameters = varied(self.seed) if self.variant else Parameters()
        return World(parameters, self.users, self.seed, totals or {})

    def scoped(self, scope: str) -> list[Made]:
        """The wanted tables of a scope, and the hidden ones."""
        wanted = [Made(name, name, TABLES[name]) for name in self.tables if TABLES[name].scope == scope]
        hidden = [Made(f"truth/{name}", f"_truth_{name}", table) for name, table in HIDDEN.items() if table.scope == scope]
        return wanted + hidden


def generate(
    out: str | os.PathLike[str],
    users: int = 20_000,
    seed: int = 2024,
    tables: Iterable[str] | None = None,
    variant: bool = False,
    workers: int | None = None,
    progress: bool = True,
) -> Path:
    """Make a company in the folder `out` and return that folder.

    Parameters: number of registered users; seed; names of the tables to make (all, if none are named); `variant=True` draws
    the parameters that may vary from the seed; worker processes (as many as there are processors, at most 2 unless told).
    The folder appears whole or not at all: an interrupted or failed run leaves nothing behind. A company that is already
    there is replaced; a folder with anything else in it is refused. Raises ArgumentError, UnknownName, DataUnavailable.
    """
    out = Path(out).absolute()
    names = _checked(out, users, seed, tables, workers)
    with scratch(out) as folder:
        plan = Plan(users, seed, bool(variant), names, str(folder))
        _make(plan, workers, progress)
        _install(folder, out, keep=())
    return out


def build_data(argv: list[str] | None = None) -> int:
    """`opscourse build data`: make the company that ships with the course, keeping the keys and cards beside it.

    With --check nothing is changed: 1 if a table's values are not those that the simulator makes.
    """
    parser = argparse.ArgumentParser(prog="opscourse build data", description="Make the company that ships with the course.")
    parser.add_argument("--check", action="store_true", help="only compare the shipped tables with what would be made")
    parser.add_argument("--out", default=str(store.PACKAGE.parent / "datasets"), metavar="DIR", help="default: datasets/")
    given = parser.parse_args(argv)
    out = Path(given.out).absolute()
    names = _checked(out, **SHIPPED, tables=None, workers=None)
    with scratch(out) as folder:
        _make(Plan(**SHIPPED, variant=False, tables=names, folder=str(folder)), 1, progress=not given.check)
        if given.check:
            differing = differences(store.manifest(out), store.manifest(folder))
            for name in differing:
                print(f"{name} is not what the simulator makes: opscourse build data")
            return 1 if differing else 0
        _install(folder, out, keep=_BESIDE)
    print(f"The company that ships with the course is in {out}.")
    return 0


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names of the tables whose values differ between two manifests, or which only one of them has."""
    tables = [
        manifest["tables"] | {f"truth/{name}": made for name, made in manifest["truth"].items()} for manifest in (one, other)
    ]
    values = [{name: made["values"] for name, made in table.items()} for table in tables]
    return sorted(name for name in values[0] | values[1] if values[0].get(name) != values[1].get(name))


def main(argv: list[str] | None = None) -> int:
    """`opscourse generate`: make a company of any size."""
    parser = argparse.ArgumentParser(prog="opscourse generate", description="Make a company of any size.")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to make it in")
    parser.add_argument("--users", type=int, default=SHIPPED["users"], metavar="N", help="registered users (default: 20000)")
    parser.add_argument("--seed", type=int, default=SHIPPED["seed"], metavar="S", help="seed of all chance (default: 2024)")
    parser.add_argument("--tables", nargs="+", metavar="TABLE", help="only these tables (default: all)")
    parser.add_argument("--workers", type=int, metavar="N", help="worker processes (default: processors, at most 2)")
    parser.add_argument("--variant", action="store_true", help="draw the parameters that may vary from the seed")
    given = parser.parse_args(argv)
    out = generate(given.out, given.users, given.seed, given.tables, given.variant, given.workers)
    print(f"The company of {given.users:,} users is in {out}. Use it with: opscourse.use({str(out)!r})")
    return 0


def _checked(out: Path, users: int, seed: int, tables: Iterable[str] | None, workers: int | None) -> tuple[str, ...]:
    for name, value, low in (("users", users, 100), ("seed", seed, 0), ("workers", 1 if workers is None else workers, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or value < low:
            raise ArgumentError(f"{name} must be a whole number of at least {low}, not {value!r}.")
    if isinstance(tables, str):
        tables = [tables]
    names = tuple(TABLES) if tables is None else tuple(dict.fromkeys(tables))
    for name in names:
        if name not in TABLES:
            near = difflib.get_close_matches(str(name), TABLES, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else "opscourse.describe() lists all tables."
            raise UnknownName(f"There is no table {name!r}. {hint}")
    if not names:
        raise ArgumentError("tables must name at least one table.")
    if out.exists():
        foreign = [entry.name for entry in _entries(out) if not _belongs(entry.name)]
        if foreign:
            raise ArgumentError(
                f"{str(out)!r} is not empty and is no company ({foreign[0]!r} is in it): name a new or an empty folder."
            )
    return names


def _entries(out: Path) -> list[Path]:
    try:
        return sorted(out.iterdir())
    except OSError as error:
        raise DataUnavailable(f"{str(out)!r} cannot be used as a folder: {error.strerror}. Name another one.") from None


def _belongs(name: str) -> bool:
    return name in ("company.json", "truth", *_BESIDE) or name.removesuffix(".parquet") in TABLES


@contextlib.contextmanager
def scratch(out: Path) -> Iterator[Path]:
    """A folder beside `out` to work in; gone afterwards, whatever happens, and with it what killed runs may have left."""
    folder = out.parent / f".{out.name}.{os.getpid()}.partial"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for left in out.parent.glob(f".{out.name}.*.partial"):
            if not _alive(left.suffixes[-2]):
                shutil.rmtree(left, ignore_errors=True)
        folder.mkdir()
        with _terminable():
            yield folder
    except BrokenProcessPool:
        raise DataUnavailable(
            f"A worker process was ended from outside, perhaps for lack of memory; nothing was left in {str(out)!r}. "
            "Try again with --workers 1."
        ) from None
    except DataUnavailable:
        raise
    except OSError as error:
        raise DataUnavailable(
            f"What was made could not be written to {str(out)!r}: {error.strerror or error}. Nothing was left behind; "
            "make room or name another folder."
        ) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _alive(suffix: str) -> bool:
    try:
        os.kill(int(suffix.removeprefix(".")), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let a polite request to end (SIGTERM) clean up like Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _make(plan: Plan, workers: int | None, progress: bool) -> None:
    """Write all wanted tables, the hidden one and the manifest into the plan's folder."""
    from tqdm.auto import tqdm

    world = plan.world()
    made: dict[str, list[dict[str, Any]]] = {}
    totals: dict[str, Any] = {}
    blocks: dict[int, dict[str, dict[str, Any]]] = {}
    with _blocks(plan, world, workers) as finished:  # workers begin at once; meanwhile, what does not depend on users
        for wanted in plan.scoped("reference"):
            made[wanted.file] = [_save(plan, wanted, world[wanted.builder], None)]
        with tqdm(total=plan.users, unit=" users", unit_scale=True, disable=not progress, desc="Jiadong") as bar:
            for index, entries, counts, size in finished:
                blocks[index] = entries
                for name, count in counts.items():
                    totals[name] = totals[name] + count if name in totals else count
                bar.update(size)
    for index in sorted(blocks):
        for file, entry in blocks[index].items():
            made.setdefault(file, []).append(entry)
    world = plan.world(totals)
    for wanted in plan.scoped("summary"):
        made[wanted.file] = [_save(plan, wanted, world[wanted.builder], None)]
    manifest = {
        "company": "Jiadong",
        "users": plan.users,
        "seed": plan.seed,
        "variant": plan.variant,
        "opscourse": opscourse.__version__,
        "tables": {name: _entry(made[name]) for name in plan.tables},
        "truth": {name: _entry(made[f"truth/{name}"]) for name in HIDDEN},
        "parameters": asdict(world.parameters),
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    Path(plan.folder, "company.json").write_text(text + "\n", encoding="utf-8")


def _entry(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """A table's line of the manifest: rows, a hash of the values whatever the files, and the hash of each file.

    A table in parts has no hash of its values, which takes a seventh of the time: only what ships is made again to compare.
    """
    return {
        "rows": sum(part["rows"] for part in parts),
        "values": parts[0]["values"] if len(parts) == 1 else None,
        "files": {part["file"]: part["sha256"] for part in parts},
    }


@contextlib.contextmanager
def _blocks(plan: Plan, world: World, workers: int | None) -> Iterator[Iterator[Finished]]:
    """All blocks, as they are made in any order: by worker processes, or here when asked for if one is enough."""
    workers = min(workers or min(2, os.cpu_count() or 1), world.n_blocks)
    if workers == 1:
        yield (_block(plan, world, index) for index in range(world.n_blocks))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(plan,)) as pool:
        try:
            submitted = [pool.submit(_work, index) for index in range(world.n_blocks)]
            yield (_with_counts(plan, done.result()) for done in as_completed(submitted))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_given: dict[str, Any] = {}  # in a worker: its plan and world


def attach() -> None:
    """Prepare a worker process: Ctrl-C is its parent's business, and it ends by itself when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _start(plan: Plan) -> None:
    attach()
    _given.update(plan=plan, world=plan.world())


def _work(index: int) -> Finished:
    """One block; its counts go by file, since a worker killed while it fills the pipe leaves everybody waiting."""
    done = _block(_given["plan"], _given["world"], index)
    np.savez(_counts(_given["plan"], index), **done.counts)
    return done._replace(counts={})


def _counts(plan: Plan, index: int) -> Path:
    return Path(plan.folder, f"counts-{index:05d}.npz")


def _with_counts(plan: Plan, done: Finished) -> Finished:
    path = _counts(plan, done.index)
    with np.load(path) as counts:
        done = done._replace(counts=dict(counts))
    path.unlink()
    return done


def _block(plan: Plan, world: World, index: int) -> Finished:
    """Write the tables of one block."""
    block = world.block(index)
    part = None if world.n_blocks == 1 else index
    entries = {wanted.file: _save(plan, wanted, block[wanted.builder], part) for wanted in plan.scoped("block")}
    counts = {name: count(block) for name, count in TALLIES.items()} if plan.scoped("summary") else {}
    return Finished(index, entries, counts, block.size)


def _save(plan: Plan, wanted: Made, columns: dict[str, Any], part: int | None) -> dict[str, Any]:
    data = arrow_table(wanted.table, columns)
    file = f"{wanted.file}.parquet" if part is None else f"{wanted.file}/part-{part:05d}.parquet"
    path = Path(plan.folder, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    values = value_hash(data) if part is None else None
    return {"file": file, "rows": data.num_rows, "values": values, "sha256": write(data, wanted.table, path)}


def _install(folder: Path, out: Path, keep: tuple[str, ...]) -> None:
    """Put the finished company in its place, with what is kept of the one that was there."""
    if not out.exists():
        folder.rename(out)
        return
    for name in keep:
        if (out / name).is_dir():
            shutil.copytree(out / name, folder / name)
        elif (out / name).is_file():
            shutil.copy2(out / name, folder / name)
    old = out.parent / f".{out.name}.{os.getpid()}.old.partial"
    out.rename(old)
    try:
        folder.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
