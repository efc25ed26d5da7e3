"""A class that does not exist, with every status and with what hostile people call themselves and write."""

import random

from opscourse.grading.records import Mark, Result, Status, Student

FIRST = [
    "Ada",
    "Bo",
    "Cleo",
    "Dov",
    "Edda",
    "Finn",
    "Gus",
    "Hana",
    "Ida",
    "Jun",
    "Kofi",
    "Lou",
    "Mai",
    "Ned",
    "Oma",
    "Pia",
    "Quy",
    "Rui",
    "Suri",
    "Tam",
]
LAST = ["Mulberry", "Quince", "Medlar", "Damson", "Sloe", "Rowan", "Hawthorn", "Tamarind", "Kumquat", "Pawpaw"]
SCRIPT = "<script>window.hacked = 1; alert(1)</script>"
IMAGE = '"><img src=x onerror="window.hacked = 1">'
STYLE = "</style></title><style>*{display:none}</style>"
REMOTE = '<link rel="stylesheet" href="http://evil.invalid/x.css"><iframe src="http://evil.invalid/"></iframe>'
TEMPLATE = "{{7*7}}{% for x in ().__class__.__base__.__subclasses__() %}"
BIDI = "access = 'user\u202e # \u2066'\u2069 \u2066admin'"
HOSTILE = [
    SCRIPT,
    IMAGE,
    STYLE,
    REMOTE,
    TEMPLATE,
    BIDI,
    "\x00\x1b[31mred\ud800",
    "🦊👩‍👩‍👧‍👦",
    "x" * 10_000,
    "'); javascript:alert(1)//",
]
NAMES = [
    *HOSTILE,
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "Bo;=1+1",
    'a",=1',
    "'=1",
    "Points Possible",
    "李 明",
]
SENTENCES = {
    "4.1": "Nobody has left: a loyal user is still away on most days.",
    "4.2": "You divided by all sign-ups; who signed up in June has not had a day 30 yet.",
    "4.3": "You cut out March before looking for the day before, so 1 March has none.",
    "4.4": "The lists run against each other: yesterday's sign-ups meet the rate of day 1.",
    "4.5": "You left out the gone on one side only.",
}
CODE = {
    "4.1": 'curve = "{letter}"',
    "4.2": """# eligible users only
douyin = users[(users["channel"] == "dy") & users["signup_day"].between("2025-05-01", "2025-06-30")]
eligible = douyin[douyin["observed"] >= {small}]
douyin_day_30 = len(here) / len(eligible)""",
    "4.3": """ordered = visits.sort_values(["user_id", "date"])
gap = ordered.groupby("user_id")["date"].diff().dt.days
origins = ordered["origin"].value_counts(normalize=True).reset_index(name="share")""",
    "4.4": """def dau(signups, retention):
    total = 0
    for age, day in enumerate(reversed(signups)):
        total += day * retention[age]
    return total""",
    "4.5": 'compared = on_day_30[last_seen >= {small}].groupby(group).mean().reset_index(name="rate")',
}
COPIED = """result = {}
for name, part in visits[visits["age"].between(0, 60)].groupby(["origin", "date"]):
    first, *rest = part["user_id"].drop_duplicates().sort_values().tolist() or [None]
    result[name] = sum(1 for other in rest if other % 7 != first) / max(len(rest), 1)
origins = pd.Series(result).unstack().mean(axis=1).round(3).reset_index(name="share")"""
OTHER = """table = {}
for key, rows in visits[visits["age"].between(0, 60)].groupby(["origin", "date"]):
    # take the first one out
    head, *tail = rows["user_id"].drop_duplicates().sort_values().tolist() or [None]
    table[key] = sum(1 for x in tail if x % 7 != head) / max(len(tail), 1)
origins = pd.Series(table).unstack().mean(axis=1).round(3).reset_index(name="share")"""
EARNED = {Status.RIGHT: 1.0, Status.PARTLY: 0.5}


def result(student, marks, exercise=4):
    """One result from {question: (status, code)}."""
    given = tuple(
        Mark(question, Status(status), EARNED.get(Status(status), 0.0), 1.0, code=code)
        for question, (status, code) in marks.items()
    )
    return Result(Student(student), exercise, "Read a retention curve", given, 1, 1)


def invented(size=40, exercise=4, seed=1):
    """The results of a class in one exercise of five questions; from 20 students on with every status and all hostile texts."""
    chance = random.Random(seed * 1000 + exercise)
    return [_of_one(at, size, exercise, chance) for at in range(size)]


def _of_one(at, size, exercise, chance):
    """The first quarter of the class is hostile."""
    hostile = at < len(NAMES) and at < size / 2
    name = NAMES[at] if hostile else f"{FIRST[at % 20]} {LAST[at // 20 % 10]}" + (f" {at // 200 + 1}" if at >= 200 else "")
    student = Student(
        f"s{at:04d}",
        name,
        f"s{at}@school.invalid",
        str(7000 + at) if at % 5 else "",
        str(4000 + at) if at % 4 else "",
        f"Group {at % 3}",
    )
    titles = {4: "Read a retention curve", 9: "Judge a quality claim"}
    kind = {5: Status.ABSENT, 9: Status.ABSENT, 7: Status.UNREADABLE}.get(at % 20 if size > 5 else 0)
    questions = [question.replace("4.", f"{exercise}.") for question in SENTENCES]
    if kind:
        sentence = "The file is damaged: it is no JSON." if kind == Status.UNREADABLE else ""
        marks = tuple(Mark(question, kind, 0.0, 1.0, sentence) for question in questions)
        read = int(kind == Status.UNREADABLE)
        return Result(student, exercise, titles[exercise], marks, read, read, "all.zip/broken.ipynb" if read else "")
    able = chance.random()
    marks = tuple(_mark(question, at, size, able, chance, hostile) for question in questions)
    origin = f"all.zip/{HOSTILE[at % len(HOSTILE)][:60] if hostile else student.id}/0{exercise}.ipynb"
    unenforced = ("network access is not blocked",) if at == 3 else ()
    return Result(
        student, exercise, titles[exercise], marks, 1 + at % 2, 1 + at % 3, origin, 180 + 300 * chance.random(), unenforced
    )


def _mark(question, at, size, able, chance, hostile):
    on_4 = f"4.{question.partition('.')[2]}"
    stops = [Status.OPEN, Status.ERROR, Status.TIMEOUT, Status.MEMORY, Status.OWN_ONLY, Status.PARTLY]
    weights = [5, 4, 1, 1, 3, 6]
    hard = {"4.1": 0.1, "4.2": 0.5, "4.3": 0.4, "4.4": 0.3, "4.5": 0.75}[on_4]
    if able + 0.5 * chance.random() > hard:
        status = Status.RIGHT if chance.random() < 0.85 else chance.choices(stops, weights)[0]
    else:
        status = chance.choice([Status.MISTAKE, Status.MISTAKE, Status.WRONG, *chance.choices(stops, weights)])
    code = (
        CODE[on_4].format(letter=chance.choice("abcd"), small=chance.randrange(5, 40))
        if "{" in CODE[on_4] and on_4 != "4.4"
        else CODE[on_4]
    )
    sentence = {
        Status.RIGHT: "",
        Status.PARTLY: "Column share is right, column origin is not.",
        Status.MISTAKE: SENTENCES[on_4],
        Status.WRONG: "Not the value we computed.",
        Status.ERROR: "KeyError in your line: douyin = users[users['chanel'] == 'dy']",
        Status.TIMEOUT: "Stopped after 60 seconds at your line: while True:",
        Status.MEMORY: "Stopped at 2048 MB at your line: x = [0] * 10**12",
        Status.OWN_ONLY: "Right on your data, wrong on other data: the answer is typed in or copied.",
        Status.OPEN: "Not answered.",
    }[status]
    note = (
        ""
        if status != Status.OWN_ONLY
        else f"fits the variant of s{(at + 3) % size:04d}"
        if at % 2
        else "fits their own variant"
    )
    if status == Status.OPEN:
        code = ""
    if on_4 == "4.4" and at == 22:
        status, sentence = Status.TIMEOUT, "Stopped after 60 seconds at your line: while True:"
    if on_4 == "4.3" and at in (21, 32):
        code, status, sentence = (COPIED if at == 21 else OTHER), Status.RIGHT, ""
    if hostile:
        code += "\n# " + HOSTILE[(at + int(on_4[-1])) % len(HOSTILE)] + "\n"
        sentence = sentence and sentence + " " + HOSTILE[(at + 3) % len(HOSTILE)]
        note = note and note + " " + HOSTILE[(at + 1) % len(HOSTILE)]
    seconds = {Status.TIMEOUT: 60.0, Status.OPEN: 0.0}.get(status, 0.01 + chance.random() ** 3 * int(on_4[-1]))
    return Mark(question, status, EARNED.get(status, 0.0), 1.0, sentence, note, round(seconds, 3), code)
