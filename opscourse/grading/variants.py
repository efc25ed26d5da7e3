"""A company for each student: the exercises' sources, the course's secret, and folders of data for student and grader.

A student's company is made from a seed that only the course's secret and the id give. What a student or a kernel gets
states another number as its seed, one that makes nothing but the dirt of `load(..., dirty=True)`, and no parameters: who
had them could make the truth.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import nbformat

from opscourse.company import dirt, store
from opscourse.company.generate import generate, scratch
from opscourse.company.tables import TABLES
from opscourse.errors import ArgumentError, DataFileError, DataUnavailable
from opscourse.exercise import answers, keys
from opscourse.exercise.derive import derived_text
from opscourse.exercise.question import Question

__all__ = ["Exercise", "Kind", "company", "exercise", "package", "secret", "simulator", "tables_of"]

Kind = Literal["bundle", "kernel", "judge"]
SECRET_BYTES, SEED_BYTES = 32, 16


# exercises


@dataclass(frozen=True)
class Exercise:
    """One exercise as it is handed out and graded."""

    number: int
    path: Path  # the student's notebook in the course
    title: str
    notebook: str  # its text, untouched
    questions: dict[str, Question]
    tables: tuple[str, ...]  # that notebook, solution or answers load
    digest: str  # of all that its marks depend on, companies and submissions aside


def exercise(number: int, course: Path | None = None) -> Exercise:
    """Read one exercise from a clone of the course (None: the one this package is in).

    Raises ArgumentError if there is none of this number, or if its notebook is not what its solution gives (then it may
    hold somebody's answers).
    """
    root = _course(course)
    modules = answers.modules(root / "answers")
    notebooks = {
        int(re.match(r"\d+", path.name)[0]): path
        for path in sorted(root.rglob("[0-9]*.ipynb"))
        if path.relative_to(root).parts[0] != "solutions" and ".ipynb_checkpoints" not in path.parts
    }
    if number not in notebooks or number not in modules:
        there = ", ".join(str(one) for one in sorted(notebooks) if one in modules)
        raise ArgumentError(f"There is no exercise {number} in {str(root)!r}; there are {there}.")
    path, module = notebooks[number], modules[number]
    solution = root / "solutions" / path.relative_to(root)
    text = path.read_text(encoding="utf-8")
    if solution.is_file() and derived_text(solution) != text:
        raise ArgumentError(f"{path} is not what its solution gives. Type in the root of the clone: opscourse build exercises")
    notebook = nbformat.reads(text, as_version=4)
    code = [cell.source for file in (path, solution) if file.is_file() for cell in _code(file)]
    parts = [module.read_bytes(), text.encode(), package().encode(), *(name.encode() for name in _versions())]
    return Exercise(
        number=number,
        path=path,
        title=notebook.cells[0].source.splitlines()[0].lstrip("# ").strip(),
        notebook=text,
        questions=answers.questions(module),
        tables=tables_of([*code, module.read_text(encoding="utf-8")]),
        digest=hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest(),
    )


def tables_of(sources: Sequence[str]) -> tuple[str, ...]:
    """The tables that these pieces of code load; each one they name at all if one of them works out what it loads.

    >>> tables_of(['orders, users = load("orders"), opscourse.load(table="users")', 'print("events")'])
    ('users', 'orders')
    """
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    named = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    calls = [node for node in nodes if isinstance(node, ast.Call) and _called(node) == "load"]
    asked = [one for call in calls for one in (*call.args[:1], *(word.value for word in call.keywords if word.arg == "table"))]
    wanted = {one.value for one in asked} if all(isinstance(one, ast.Constant) for one in asked) else named
    return tuple(name for name in TABLES if name in wanted)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def _course(course: Path | None) -> Path:
    root = (course or store.PACKAGE.parent) / "exercises"
    if not (root / "answers").is_dir():
        told = f"{str(course)!r} is no clone of the course" if course else "This package is not in a clone of the course"
        raise ArgumentError(f"{told}: there is no folder exercises/answers. Name a clone with --course DIR.")
    return root.resolve()


def _code(path: Path) -> Iterator[Any]:
    return (cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")


@cache
def package() -> str:
    """A digest of this package's sources, those of the grader aside."""
    return _digest(path for path in store.PACKAGE.rglob("*.py") if path.relative_to(store.PACKAGE).parts[0] != "grading")


@cache
def simulator() -> str:
    """A digest of what makes companies: the simulator's sources, and the versions of what it draws and writes with."""
    sources = _digest((store.PACKAGE / "company").rglob("*.py"))
    return hashlib.sha256("\0".join([sources, *_versions("numpy", "pyarrow")]).encode()).hexdigest()


def _digest(paths: Iterator[Path]) -> str:
    found = hashlib.sha256()
    for path in sorted(paths):
        found.update(
            f"{path.relative_to(store.PACKAGE).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode()
        )
    return found.hexdigest()


def _versions(*packages: str) -> list[str]:
    return [f"{name} {metadata.version(name)}" for name in packages or ("numpy", "pandas", "pyarrow", "scipy")]


# the course's secret


def secret(path: Path, create: bool = False) -> bytes:
    """Read the course's secret; with `create`, make one (for its owner only) where there is none.

    Raises DataUnavailable if there is none, DataFileError if the file holds something else.
    """
    if create and not path.exists():
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(SECRET_BYTES) + "\n")
            try:
                os.link(beside, path)  # unlike a rename, it never replaces the secret that another run just made
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                beside.rename(path)
        except OSError as error:
            raise DataUnavailable(f"The secret cannot be written to {str(path)!r}: {error.strerror}.") from None
        finally:
            beside.unlink(missing_ok=True)
    try:
        text = path.read_bytes().decode("ascii").strip()
    except FileNotFoundError:
        raise DataUnavailable(f"There is no secret in {str(path)!r}; name the file that the release made.") from None
    except OSError as error:
        raise DataUnavailable(f"The secret {str(path)!r} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        text = ""
    if not re.fullmatch(rf"[0-9a-f]{{{2 * SECRET_BYTES}}}", text):
        raise DataFileError(f"{str(path)!r} holds no secret of a course ({2 * SECRET_BYTES} letters 0-9 and a-f).")
    return bytes.fromhex(text)


def _derived(secret: bytes, purpose: str, student: str | None) -> bytes:
    """What only the holder of the secret can work out: another value for each purpose and student (None: the hidden one)."""
    whose = "nobody" if student is None else f"student {student}"
    return hmac.digest(secret, f"opscourse {purpose}\0{whose}".encode(), "sha256")


def _number(secret: bytes, purpose: str, student: str | None) -> int:
    return int.from_bytes(_derived(secret, purpose, student)[:SEED_BYTES], "big")


def tag(secret: bytes, of: str, student: str | None = None) -> str:
    """Something to recognise `of` and the secret by, which tells nothing about either."""
    return _derived(secret, of, student).hex()[:32]


# companies


def company(
    secret: bytes,
    student: str | None,
    exercises: Sequence[Exercise],
    folder: Path,
    kind: Kind,
    bundle: Path | None = None,
    solved: dict[str, answers.Solved] | None = None,
) -> Path:
    """Return the company of one student (None: the hidden one) under `folder`, made there unless it is there already.

    It has the tables that the exercises need, of equal bytes whatever the kind:
    - "judge": with truth and parameters, without keys. Not for anybody's eyes.
    - "bundle": without truth, with sealed keys.
    - "kernel": without truth, with keys that only collect.

    `bundle` is a company that has these tables already, so that a kernel's is quickly made of it; `solved` gets the
    solutions that a bundle's keys are made of. The path changes when anything does that the content depends on. Raises
    ArgumentError if a question cannot be solved.
    """
    tables = [name for name in TABLES if any(name in one.tables for one in exercises)] or list(TABLES)[:1]  # none is no company
    content = [kind, simulator(), *tables]
    if kind != "judge":
        content += [f"{one.number} {one.digest}" for one in exercises]
    out = folder.absolute() / kind / tag(secret, "\0".join(content), student)
    if (out / "company.json").is_file():
        return out
    if kind == "judge":
        with scratch(out) as made:
            _generated(secret, student, tables, made)
            _renamed(made, out)
        return out
    source = (kind == "kernel" and bundle) or company(secret, student, exercises, folder, "judge")
    with scratch(out) as made:
        _untold(source, made)
        if kind == "kernel":
            texts = {one.number: keys.collecting(one.number, one.questions) for one in exercises}
        else:
            texts = _sealed(source, exercises, {} if solved is None else solved)
        _write_keys(made, texts)
        _renamed(made, out)
    return out


def _generated(secret: bytes, student: str | None, tables: Sequence[str], out: Path) -> None:
    """Make the true company in an empty folder; its manifest tells the seed of its dirt only."""
    generate(out / "made", seed=_number(secret, "seed", student), tables=tables, variant=True, workers=1, progress=False)
    for path in (out / "made").iterdir():
        path.rename(out / path.name)
    (out / "made").rmdir()
    _write_manifest(out, store.manifest(out) | {"seed": _number(secret, "dirt", student)})


def _untold(judge: Path, out: Path) -> None:
    """Copy the tables of a company, without its truth and without the parameters that `load` does not need."""
    manifest = store.manifest(judge)
    for known in manifest["tables"].values():
        for file in known["files"]:
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(judge / file, out / file)
    needed = {"dirt": manifest["parameters"]["dirt"]} if set(manifest["tables"]) & set(dirt.KEYS) else {}
    _write_manifest(out, manifest | {"truth": None, "parameters": needed})


def _sealed(judge: Path, exercises: Sequence[Exercise], solved: dict[str, answers.Solved]) -> dict[int, str]:
    """The sealed keys for a company, by number of the exercise; no table is read twice."""
    with answers.company(judge) as (load, truth):
        for one in exercises:
            solved |= keys.solved(one.questions, load, truth)
    manifest = store.manifest(judge)
    return {one.number: keys.sealed(one.number, {name: solved[name] for name in one.questions}, manifest) for one in exercises}


def _write_keys(out: Path, texts: dict[int, str]) -> None:
    (out / "keys").mkdir()
    for number, text in texts.items():
        (out / "keys" / f"{number:02}.json").write_text(text, encoding="utf-8", newline="\n")


def _write_manifest(out: Path, manifest: dict[str, Any]) -> None:
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    (out / "company.json").write_text(text, encoding="utf-8", newline="\n")


def _renamed(made: Path, out: Path) -> None:
    """Put a finished folder in its place, unless another process was quicker."""
    try:
        made.rename(out)
    except OSError:
        if not (out / "company.json").is_file():
            raise
