"""What the class understood, for its teacher: `class.html`, one file without scripts that links to the feedback pages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from opscourse.grading import classfigures, exports, similar
from opscourse.grading.pages import by_number, counted, handed_in, label, ordered, render, save
from opscourse.grading.records import Mark, Result, Status, Student

__all__ = ["page", "write"]

_KIND = {status: kind for kind, (statuses, _, _) in classfigures.KINDS.items() for status in statuses}
_STOPS = (Status.TIMEOUT, Status.MEMORY, Status.ERROR)
_ROWS = 50  # of a table about students
_GROUPS = 20
_BESIDE = 4  # questions of a pair that are shown, and others of its group that are named
_MISTAKES = 4  # a question


def write(results: Sequence[Result], out: Path) -> list[Path]:
    """Write `class.html`, whose size is bounded however large the class, and `pairs.csv`, all near-identical pairs."""
    pairs = similar.pairs(results)
    rows = [["exercise", "question", "first", "second", "likeness", "rare pieces in common"]]
    for pair in pairs:
        texts = (pair.question or "all", pair.first, pair.second)
        rows.append([str(pair.exercise), *map(exports.harmless, texts), f"{pair.likeness:.3f}", f"{pair.rare:.1f}"])
    return [save(out / "class.html", page(results, pairs)), save(out / "pairs.csv", exports.table(rows), "utf-8-sig")]


def page(results: Sequence[Result], pairs: Sequence[similar.Pair]) -> str:
    """The report as HTML, the same for the same results in any order."""
    results = ordered(results)
    of_exercise = defaultdict(list)
    for result in results:
        of_exercise[result.exercise].append(result)
    return render(
        "class.html",
        students=len({result.student.id for result in results}),
        exercises=[_exercise(of_exercise[key]) for key in sorted(of_exercise)],
        help_needed=_capped(_help_needed(results)),
        absent=_capped([_row(result) for result in results if not handed_in(result)]),
        unreadable=_capped([_row(result, result.marks[0]) for result in results if _unreadable(result)]),
        own_only=_capped(
            [_row(result, mark) for result in results for mark in result.marks if mark.note or mark.status == Status.OWN_ONLY]
        ),
        groups=_capped(_groups(results, pairs), _GROUPS),
        unenforced=sorted({what for result in results for what in result.unenforced}),
    )


def _capped(rows: list[Any], most: int = _ROWS) -> dict[str, Any]:
    """The first rows, and how many there are."""
    return {"rows": rows[:most], "all": len(rows)}


def _row(result: Result, mark: Mark | None = None) -> dict[str, Any]:
    return {"student": _person(result.student), "exercise": label(result), "origin": result.origin, "mark": mark}


def _person(student: Student) -> dict[str, str]:
    return {"id": student.id, "name": student.name or student.id, "page": f"feedback/{quote(student.id, safe='')}.html"}


def _unreadable(result: Result) -> bool:
    return any(mark.status == Status.UNREADABLE for mark in result.marks)


def _exercise(results: list[Result]) -> dict[str, Any]:
    """One exercise: what of it was handed in and ran, its figures, and its mistakes."""
    read = [result for result in results if handed_in(result) and not _unreadable(result)]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, list[float]] = defaultdict(list)
    mistakes: dict[str, Counter[str]] = defaultdict(Counter)
    for mark in (mark for result in read for mark in result.marks):
        counts[mark.question][_KIND.get(mark.status, "not answered")] += 1
        if mark.seconds > 0:
            seconds[mark.question].append(mark.seconds)
        if mark.status == Status.MISTAKE:
            mistakes[mark.question][mark.sentence] += 1
    possible = max(result.possible for result in results)
    earned = [result.points for result in read]
    pictures = dict.fromkeys(("questions", "points", "times"))
    if read and counts:
        pictures["questions"] = classfigures.questions(_by_question(counts))
    if read and possible:
        pictures["points"] = classfigures.points(earned, possible)
    if seconds:
        pictures["times"] = classfigures.times(_by_question(seconds))
    return {
        "label": label(results[0]),
        "number": results[0].exercise,
        "students": len(results),
        "handed_in": sum(map(handed_in, results)),
        "read": len(read),
        "possible": possible,
        "median": float(np.median(earned)) if read else None,
        "kinds": [kind for kind in classfigures.KINDS if any(of[kind] for of in counts.values())],
        "counts": _by_question(counts),
        "pictures": pictures,
        "memory": classfigures.memory(read),
        "mistakes": _most_frequent(_by_question(mistakes)),
    }


def _by_question(values: dict[str, Any]) -> dict[str, Any]:
    return {question: values[question] for question in sorted(values, key=by_number)}


def _most_frequent(mistakes: dict[str, Counter[str]]) -> list[dict[str, Any]]:
    """A question: its mistakes, the most frequent first, and how many students made one that is not listed."""
    listed = []
    for question, sentences in mistakes.items():
        top = sorted(sentences.items(), key=lambda item: (-item[1], item[0]))[:_MISTAKES]
        listed.append({"question": question, "top": top, "others": sentences.total() - sum(count for _, count in top)})
    return listed


def _help_needed(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Who handed in and has less than half of the points, or whose code was stopped; fewest points first."""
    of_student = defaultdict(list)
    for result in results:
        if handed_in(result) and not _unreadable(result):
            of_student[result.student].append(result)
    rows = []
    for student, own in of_student.items():
        points, possible = sum(result.points for result in own), sum(result.possible for result in own)
        stops = Counter(mark.status for result in own for mark in result.marks if mark.status in _STOPS)
        why = ["less than half of the points"] if 2 * points < possible else []
        why += [f"{status} in {counted(stops[status], 'question')}" for status in _STOPS if stops[status]]
        if why and (2 * points < possible or stops[Status.TIMEOUT] or stops[Status.MEMORY]):
            rows.append({"student": _person(student), "points": points, "possible": possible, "why": ", ".join(why)})
    return sorted(rows, key=lambda row: (row["points"] / (row["possible"] or 1), row["student"]["id"]))


def _groups(results: Sequence[Result], pairs: Iterable[similar.Pair]) -> list[dict[str, Any]]:
    """Students whose answers are near-identical, pair by pair: of each group the strongest pair side by side, and who else."""
    found = defaultdict(list)
    for pair in pairs:
        found[pair.exercise, pair.first, pair.second].append(pair)
    group = _connected(found)
    strength = {key: max(pair.rare for pair in of) for key, of in found.items()}
    strongest: dict[int, tuple[int, str, str]] = {}
    members = defaultdict(set)
    for key in sorted(found, key=lambda key: (-strength[key], key)):
        strongest.setdefault(group[key], key)
        members[group[key]].update(key[1:])
    own = {(result.exercise, result.student.id): result for result in results}
    rows = []
    for number, (exercise, *ids) in strongest.items():
        first, second = (own[exercise, student] for student in ids)
        codes = [{mark.question: mark.code for mark in result.marks} for result in (first, second)]
        alike = sorted(found[exercise, *ids], key=lambda pair: (-pair.rare, pair.question))
        questions = [pair.question for pair in alike if pair.question] or [name for name in codes[0] if codes[0][name].strip()]
        also = sorted(members[number] - {*ids})
        rows.append(
            {
                "people": [_person(first.student), _person(second.student)],
                "also": [_person(own[exercise, student].student) for student in also[:_BESIDE]],
                "more": len(also[_BESIDE:]),
                "exercise": label(first),
                "likeness": max(pair.likeness for pair in alike),
                "questions": [(name, codes[0].get(name, ""), codes[1].get(name, "")) for name in questions[:_BESIDE]],
                "others": questions[_BESIDE:],
            }
        )
    return rows


def _connected(keys: Iterable[tuple[int, str, str]]) -> dict[tuple[int, str, str], int]:
    """For each pair the number of its group: who is in a pair with somebody is in that one's group."""
    keys = list(keys)
    people = {person: at for at, person in enumerate(sorted({(key[0], student) for key in keys for student in key[1:]}))}
    if not people:
        return {}
    ends = np.array([(people[exercise, first], people[exercise, second]) for exercise, first, second in keys]).T
    graph = coo_array((np.ones(len(keys)), ends), shape=(len(people), len(people)))
    group = connected_components(graph, directed=False)[1]
    return {key: int(group[at]) for key, at in zip(keys, ends[0], strict=True)}
