"""Near-identical answer code: pairs of students for a teacher to look at, not a verdict.

Code is cut into pieces of four tokens within a statement, after everything that a copy is disguised with is gone: names,
numbers, strings, comments, layout and the order of statements. What is left (operators, keywords, attributes, the names of
keyword arguments) is counted over the class: a piece weighs the more the fewer wrote it, and nothing where more than a quarter
did. So two that share what many write are no pair, and an answer of one line never has enough that is rare. The price: a
solution that went round a quarter of the class is not found.
"""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy import sparse

from opscourse.grading.pages import ordered
from opscourse.grading.records import Result

__all__ = ["Pair", "pairs", "pieces"]

_LENGTH = 4  # tokens in a piece
_RARE = 20  # a piece that one in twenty wrote, or fewer, has the full weight of 1
_COMMON = 4  # a piece that more than one in four wrote has none, unless they are only two
_LIMIT = 8_000  # characters of an answer that are read: tokenize's time can grow with their square
_AT_ONCE = 500  # students compared with all others at a time; bounds the memory
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}
_EMPTY = re.compile(r"^[ \t]*(?:#.*)?\n", re.MULTILINE)  # before the cut, or a long comment would hide what follows
_WORDS = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, order=True)
class Pair:
    """Two students whose code is nearly the same. `question` is empty where all answers of the exercise together are."""

    exercise: int
    question: str
    first: str  # id; first < second
    second: str
    likeness: float  # of what is rare in the code of either, the share that both have
    rare: float  # how much that is, in pieces of full weight


def pairs(results: Sequence[Result], likeness: float = 0.7, rare: float = 12.0) -> list[Pair]:
    """Pairs with at least this likeness and at least `rare` pieces of rare code in common, a question and over an exercise.

    Sorted by exercise and question, most rare code first. Among few students little is rare: then only long answers are found.
    """
    found = []
    for exercise in sorted({result.exercise for result in results}):
        ours = [result for result in ordered(results) if result.exercise == exercise]
        found += _in_exercise(exercise, ours, likeness, rare)
    return sorted(found, key=lambda pair: (pair.exercise, pair.question, -pair.rare, pair.first, pair.second))


def pieces(code: str) -> Iterator[str]:
    """What is compared: every run of four tokens within one statement, its beginning and end included, as normal text.

    >>> list(pieces("x = visits.age  # days")) == list(pieces("y=v . age"))
    True
    """
    for statement in _statements(_EMPTY.sub("", code)[:_LIMIT]):
        tokens = ["^", *statement, "$"]
        for start in range(max(1, len(tokens) - _LENGTH + 1)):
            yield " ".join(tokens[start : start + _LENGTH])


def _statements(code: str) -> Iterator[list[str]]:
    """The statements as lists of normal tokens; of code that is no Python, its words, line by line."""
    try:
        read = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        yield from filter(None, ([_normal(word, "") for word in _WORDS.findall(line)] for line in code.splitlines()))
        return
    statement: list[str] = []
    before, depth = "", 0
    for token, following in zip(read, [*read[1:], read[-1]], strict=True):
        if token.type == tokenize.NEWLINE or token.string == ";":
            if statement:
                yield statement
            statement, before, depth = [], "", 0
        elif token.type not in _LAYOUT:
            depth += (token.string in "([{") - (token.string in ")]}")
            if "STRING" in tokenize.tok_name[token.type]:  # from Python 3.12 on an f-string has several tokens
                statement.append("S")
            elif depth > 0 and token.type == tokenize.NAME and following.string == "=":  # a keyword argument
                statement.append(token.string)
            else:
                statement.append(_normal(token.string, before))
            before = token.string
    if statement:
        yield statement


def _normal(token: str, before: str) -> str:
    """A token without what somebody would change who copies: an attribute and a keyword stay, other names and numbers go."""
    if token[0].isdigit() or (token[0] == "." and token[1:2].isdigit()):
        return "0"
    if token.isidentifier() and not keyword.iskeyword(token) and before != ".":
        return "v"
    return token


def _in_exercise(exercise: int, results: list[Result], likeness: float, rare: float) -> list[Pair]:
    answers = [(row, mark.question, mark.code) for row, result in enumerate(results) for mark in result.marks]
    answers = [answer for answer in answers if answer[2].strip()]
    if not answers:
        return []
    cut = {code: sorted(set(pieces(code))) for code in {code for _, _, code in answers}}
    questions = sorted({question for _, question, _ in answers})
    writers = Counter(question for _, question, _ in answers)
    found, together = [], []
    for question in questions:
        ours = {row: cut[code] for row, of, code in answers if of == question}
        shared = _weighed([ours.get(row, []) for row in range(len(results))], writers[question])
        if shared is not None:
            together.append(shared)
            found += _alike(shared, likeness, rare, question)
    if len(together) > 1:
        found += _alike(sparse.hstack(together, format="csr"), likeness, rare, "")
    ids = [result.student.id for result in results]
    return [Pair(exercise, question, ids[a], ids[b], *numbers) for question, a, b, *numbers in found]


def _weighed(lists: list[list[str]], writers: int) -> sparse.csr_matrix | None:
    """Students by pieces; an entry is the root of the piece's weight. None if there is nothing that not everybody wrote."""
    places = {piece: place for place, piece in enumerate(sorted(set(chain(*lists))))}
    if not places:
        return None
    rows = np.repeat(np.arange(len(lists)), list(map(len, lists)))
    columns = [places[piece] for piece in chain(*lists)]
    table = sparse.csr_matrix((np.ones(len(columns)), (rows, columns)), (len(lists), len(places)))
    students = np.asarray(table.sum(axis=0)).ravel()
    weight = np.minimum(1.0, np.log(writers / students) / np.log(_RARE))
    weight[students > max(2, writers / _COMMON)] = 0
    table = table[:, weight > 0] @ sparse.diags(np.sqrt(weight[weight > 0]))
    return table.tocsr() if table.nnz else None


def _alike(table: sparse.csr_matrix, likeness: float, rare: float, question: str) -> Iterator[tuple]:
    total = np.asarray(table.multiply(table).sum(axis=1)).ravel()
    common = np.asarray((table > 0).sum(axis=0)).ravel() > 1  # what only one wrote counts in the total, and is in no product
    candidates = np.flatnonzero(total >= rare)
    shared = table[candidates][:, common]
    for start in range(0, len(candidates), _AT_ONCE):
        product = (shared[start : start + _AT_ONCE] @ shared.T).tocoo()
        first, second = product.row + start, product.col
        keep = (first < second) & (product.data >= rare)
        first, second, both = candidates[first[keep]], candidates[second[keep]], product.data[keep]
        share = both / (total[first] + total[second] - both)
        for a, b, of_both, alike in zip(first, second, both, share, strict=True):
            if alike >= likeness:
                yield question, int(a), int(b), round(float(alike), 6), round(float(of_both), 6)
