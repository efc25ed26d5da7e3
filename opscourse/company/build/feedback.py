"""What users write about the product, and what becomes of it (FL21)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS
from opscourse.company.build.people import DAY, stamp
from opscourse.company.build.quota import MONTHS, drawn_days, quota, second_of_day
from opscourse.company.build.touchpoints import TOUCHPOINTS
from opscourse.company.tables.product import STAGES, TYPES
from opscourse.company.world import Block, Columns, builds, coded, optional, pick

__all__ = ["feedback"]

_ENTRIES = ("in_app", "site", "mail", "social", "forum")
_ENTRY_SHARES = (0.46, 0.14, 0.12, 0.18, 0.10)
_TYPE_BY_STAGE = (  # in the order of TYPES: bug, speed, content, price, service, idea, praise
    (0.08, 0.06, 0.38, 0.12, 0.04, 0.14, 0.18), (0.32, 0.28, 0.06, 0.04, 0.10, 0.10, 0.10),
    (0.20, 0.20, 0.25, 0.02, 0.05, 0.14, 0.14), (0.14, 0.08, 0.02, 0.36, 0.26, 0.05, 0.09),
    (0.14, 0.06, 0.02, 0.22, 0.44, 0.08, 0.04),
)  # fmt: skip
_SENTENCES = {
    "bug": ("The {} crashes every time.", "I get an error at the {}.", "Nothing happens when I tap the {}.",
            "The {} shows a blank page.", "Since the update the {} does not work."),
    "speed": ("The {} takes forever.", "Why does the {} hang?", "I waited half a minute for the {}.",
              "The {} is so slow that I gave up.", "Since the update the {} loads twice as long."),
    "content": ("The {} has nothing new.", "What the {} says is wrong.", "The {} is not for beginners.",
                "I expected something else from the {}.", "Same thing again in the {}."),
    "price": ("Too expensive, the {} put me off.", "The {} costs more than last month.", "The {} is not worth the money.",
              "I was charged twice, see the {}.", "Others ask half of it, look at your {}."),
    "service": ("Nobody answers about the {}.", "Three people, three answers about the {}.", "Rude reply about the {}.",
                "I was charged and nobody explains the {}.", "Still waiting for an answer about the {}."),
    "idea": ("Could the {} remember my choice?", "Please add a filter to the {}.", "I wish the {} had a dark mode.",
             "The {} would be better with fewer steps.", "Why not show my friends in the {}?"),
    "praise": ("Love the {}.", "The {} works well, thank you.", "Great {}, my mother uses it too.",
               "The {} got much better.", "No complaints, the {} is fine."),
}  # fmt: skip
_ENDINGS = ("", " I use it every day.", " Third time this week.", " Please look into it.", " Otherwise fine.")


def _vocabulary() -> list[str]:
    """Every text that can be written, in the order type, touchpoint, sentence, ending."""
    names = [name for stage in STAGES for name in TOUCHPOINTS[stage]]
    return [
        sentence.format(name) + ending
        for kind in TYPES
        for name in names
        for sentence in _SENTENCES[kind]
        for ending in _ENDINGS
    ]


_TEXTS = _vocabulary()
_STAGE_OF = np.repeat(np.arange(5), [len(TOUCHPOINTS[stage]) for stage in STAGES])


@builds("feedback")
def feedback(block: Block) -> Columns:
    """One row a message; what hurts is written about more, and what is marked as solved is not always solved."""
    stream = block.stream("feedback")
    complaint = block.parameters.feedback
    ramp = np.minimum(np.arange(MONTHS) + 3, 15)
    rows = drawn_days(block, stream, quota(block, np.rint(complaint.messages * ramp / ramp.sum())))
    second = block["_days"]["day"][rows].astype(np.int64) * DAY + second_of_day(block, stream, rows)
    order = np.argsort(second, kind="stable")
    rows, second = rows[order], second[order]
    size = rows.size
    pain, green, failure = (block.world["_touchpoints"][name] for name in ("pain", "green_but_hated", "failure"))
    tp = pick(stream, np.where(pain, complaint.pain_weight, 1.0) * np.maximum(failure, 1), size).astype(np.int64)
    kind = pick(stream, _TYPE_BY_STAGE, size, _STAGE_OF[tp]).astype(np.int64)
    kind = np.where((TYPES.index("praise") == kind) & pain[tp], TYPES.index("bug"), kind)
    for technical, human in (("bug", "content"), ("speed", "service")):  # what passes its probes works, and yet disappoints
        kind = np.where(green[tp] & (TYPES.index(technical) == kind), TYPES.index(human), kind)
    said = _said_before(stream, size, complaint.duplicates)
    tp, kind = tp[said], kind[said]
    text = ((kind * 46 + tp) * 5 + stream.integers(0, 5, size)) * 5 + stream.integers(0, 5, size)
    wrong = stream.random(size) < complaint.wrong_label
    label = np.where(wrong, pick(stream, np.ones(7), size), kind)
    delay = stream.lognormal(np.log(complaint.solved_after), 0.9, size) * DAY
    closed = second + delay.astype(np.int64)
    solved = (stream.random(size) < complaint.solved) & (closed < DAYS * DAY) & (kind != TYPES.index("praise"))
    return {
        "feedback_id": block.first_id + np.arange(size),
        "user_id": block["_days"]["user"][rows] + np.int64(block.first_user),
        "ts": stamp(second),
        "entry": coded(pick(stream, _ENTRY_SHARES, size), _ENTRIES),
        "text": coded(text, _TEXTS),
        "type": coded(label, TYPES),
        "severity": 1 + stream.binomial(2, np.where(pain[tp], 0.6, 0.25)),
        "scope": 1 + stream.binomial(2, np.where(pain[tp], 0.5, 0.25)),
        "tp_id": tp + 1,
        "dup_of": optional(block.first_id + said, said != np.arange(size)),
        "told_user": solved & (stream.random(size) < complaint.told),
        "closed_ts": optional(stamp(closed), solved),
    }


def _said_before(stream: np.random.Generator, size: int, share: float) -> np.ndarray:
    """For each message the position of the first one that says the same: its own for most, else one among the 200 before."""
    at = np.arange(size)
    back = 1 + stream.integers(0, 200, size)
    said = np.where((stream.random(size) < share) & (back <= at), at - back, at)
    while (said != said[said]).any():  # a copy of a copy repeats the first
        said = said[said]
    return said
