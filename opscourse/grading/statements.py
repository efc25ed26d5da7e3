"""What a cell's statements are, bind and check, without running them. Bounded in time, whatever a stranger writes."""

from __future__ import annotations

import ast
import re
import warnings
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Statement", "bound", "parsed"]

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Statement(NamedTuple):
    """A statement of a cell. `asks` and `answer` are of check("4.1", …), standing alone."""

    dump: str
    targets: set[str]
    lines: range
    is_call: bool  # of check or report
    asks: str
    answer: str
    written: str


@lru_cache(64)  # what the exercise gives is in every notebook
def parsed(source: str) -> list[Statement] | None:
    """The statements of a cell, magics and shell lines as `pass`; None if it is no Python."""
    for candidate in (source, _plain(source)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a student's "\d"; it is shown where the cell runs
                return [_statement(node) for node in ast.parse(candidate).body]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _statement(node: ast.stmt) -> Statement:
    start = min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", []))])
    call = node.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    name = getattr(call and call.func, "id", getattr(call and call.func, "attr", ""))
    asks = answer = written = ""
    if name == "check" and call.args and isinstance(call.args[0], ast.Constant):
        given = [*call.args[1:2], *(keyword.value for keyword in call.keywords if keyword.arg == "answer")]
        asks, answer, written = str(call.args[0].value).strip(), "".join(map(ast.unparse, given[:1])), ast.unparse(node)
    lines = range(start, (node.end_lineno or start) + 1)
    return Statement(ast.dump(node), _targets(node), lines, name in ("check", "report"), asks, answer, written)


def _plain(source: str) -> str:
    """The cell without IPython's syntax, line by line. IPython's own transformer tokenises the cell again for each magic."""
    lines = []
    for line in source.split("\n"):
        escaped = re.match(r"([ \t]*)(?:[%!?].*|[^#]*\?[ \t]*)$", line)
        assigned = re.match(r"([ \t]*[^=!%#'\"]+=[ \t]*)[!%]", line)
        lines.append(f"{escaped[1]}pass" if escaped else f"{assigned[1]}None" if assigned else line)
    return "\n".join(lines)


def _targets(statement: ast.stmt) -> set[str]:
    """What a statement binds outside of functions: `users`, `users['age']`; names that are imported, functions, classes."""
    found: set[str] = set()
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(getattr(node, "ctx", None), ast.Store) and not isinstance(node, (ast.Tuple, ast.List, ast.Starred)):
            found.add(node.id if isinstance(node, ast.Name) else ast.unparse(node))
        if not isinstance(node, SCOPES + COMPREHENSIONS):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def bound(source: str) -> set[str]:
    """What a cell that is no Python seems to bind."""
    functions = re.findall(r"^(?:async[ \t]+)?def[ \t]+(\w+)", source, re.MULTILINE)
    lists = re.findall(r"^(\w+(?:[ \t]*,[ \t]*\w+)*)[ \t]*(?::[^=\n]+)?=(?!=)", source, re.MULTILINE)
    return {*functions, *(name.strip() for names in lists for name in names.split(","))}
