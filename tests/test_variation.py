"""What differs between students' companies, parameters and answers, and what does not: the findings of the exercises."""

import itertools
import shutil
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from classroom import ROOT

from opscourse.company import store, truths
from opscourse.company.generate import generate
from opscourse.company.parameters import Parameters, varied
from opscourse.exercise import Function, Integer, Number, answers
from opscourse.exercise.question import Verdict
from opscourse.grading import judge, variants

SEEDS = range(101, 125)
MOST_PAIRS = 0.15
MODULES = {number: path for number, path in answers.modules(ROOT / "exercises/answers").items() if number > 0}
ALL = {name: question for path in MODULES.values() for name, question in answers.questions(path).items()}
COMPUTED = {  # a choice may be typed in, and a function is asked the same cases of everybody
    name: question for name, question in ALL.items() if not question.typed and not isinstance(question, Function)
}


class Found:
    """The right answers on one company, and what a slip gives there that is known by a word of its sentence."""

    def __init__(self, load, truth):
        self.data, self.known = (load, truth), {}

    def __call__(self, name, word=""):
        if (name, word) not in self.known:
            slips = [slip for sentence, slip in COMPUTED[name].mistakes.items() if word in sentence]
            self.known[name, word] = COMPUTED[name].answer(slips[0] if word else COMPUTED[name].right, *self.data)
        return self.known[name, word]

    def table(self, name, word=""):
        """An answer in columns, by the first key."""
        value = self(name, word)
        return pd.DataFrame(value["columns"], index=[row[0] for row in value["rows"]])

    def came(self):
        """Of all bookings, the share that came."""
        return self("15.4", "share of bookings made ahead") * self("15.4", "how many of the early bookers") / self("15.4")


# What exercises say of everybody's company, in their text or after a right answer.
FINDINGS = {
    "4.3: most were not here the day before": lambda of: of.table("4.3").share["pause"] > 0.5,
    "4.5: hardly a difference": lambda of: 0.85 < of.table("4.5").rate["here"] / of.table("4.5").rate["away"] < 1.15,
    "4.5: twice as often": lambda of: (
        1.6 < of.table("4.5", "report's own").rate["here"] / of.table("4.5", "report's own").rate["away"] < 2.5
    ),
    "9.3: the other cities gained as well": lambda of: of("9.3") > 0 and of("9.3", "cities without the system") > 0,
    "9.4: probes keep out what breaks": lambda of: (
        2 * of.table("9.4").let_through[["bug", "speed"]].max() < of.table("9.4").let_through[["content", "service"]].min()
    ),
    "9.6: they were chosen because they failed": lambda of: of("9.6") > of("9.6", "which put them on the list") + 0.1,
    "11.3: by margin it takes longer": lambda of: of("11.3") > of("11.3", "by revenue") >= 0,
    "11.5: an additional one costs more": lambda of: of("11.5") > 1.05 * of("11.5", "CAC of all weeks"),
    "15.2: a few hits carry the mean": lambda of: (
        of.table("15.2").mean_minutes["ugc"] > 1.2 * of.table("15.2").mean_minutes["pgc"]
        and of.table("15.2").gini["ugc"] > of.table("15.2").gini["pgc"] + 0.05
    ),
    "15.3: the hook goes with who stays, less with who of them finishes": lambda of: (
        of.table("15.3").hold.idxmax() == "scene"
        and of.table("15.3").hold.idxmin() == "none"
        and np.ptp(of.table("15.3").hold) > np.ptp(of.table("15.3").finish)
    ),
    "15.4: more than 80%": lambda of: of.came() + of("15.4", "the rise of the rate") > 0.8,
    "15.4: fewer than 30%": lambda of: of("15.4", "how many of the early bookers") < 0.3,
    "15.4: more than 20 points": lambda of: of("15.4", "the rise of the rate") > 0.2,
    "19.3: the score is as good as its fame": lambda of: of("19.3") > 3 * of("19.3", "rate of all customers"),
    "19.5: something remains": lambda of: of("19.5") > 0,
    "19.6: about a quarter": lambda of: 0.2 < of("19.6", "rate without a coupon") / of("19.6") < 0.3,
    "19.6: most would have come": lambda of: of("19.6") > 0.5,
}


@pytest.fixture(scope="module")
def companies(tmp_path_factory):
    """As many companies as a class has students, by seed."""
    folder = tmp_path_factory.mktemp("variants") / "company"
    tables = sorted({table for number in MODULES for table in variants.exercise(number).tables})
    found = {}
    for seed in SEEDS:
        generate(folder, seed=seed, tables=tables, variant=True, workers=1, progress=False)
        with answers.company(folder) as data:
            found[seed] = Found(*data)
            for name in COMPUTED:
                found[seed](name)
            found[seed].held = {finding: holds(found[seed]) for finding, holds in FINDINGS.items()}
        found[seed].data = None  # or all the tables stay
        shutil.rmtree(folder)
    return found


def shared(question, right):
    """Share of the pairs in which one company's answer is right on the other; of columns that count alone, the largest."""
    known = []
    for answer in right:
        form = question.form(answer)
        tokens = [(part, token) for part, tokens in form.accepted(answer).items() for token in tokens]
        known.append(judge.Solution(form, dict.fromkeys(tokens, Verdict(True))))
    judged = [judge.judged(known[mine], right[other]) for mine, other in itertools.permutations(range(len(right)), 2)]
    alone = question.columns if getattr(question, "partial", False) else []
    return max(np.mean([[one.right, *(name in one.columns for name in alone)] for one in judged], axis=0))


@pytest.mark.parametrize("name", COMPUTED)
def test_few_students_can_use_the_answer_of_another(name, companies):
    question = COMPUTED[name]
    share = shared(question, [found(name) for found in companies.values()])
    if question.alike:
        assert share > MOST_PAIRS / 2, f"{name}: {share:.0%} of all pairs share an answer, which needs no `alike`"
    else:
        assert share <= MOST_PAIRS, f"{name}: {share:.0%} of all pairs of students share an answer"


def test_answers_that_hardly_vary_are_noticed():
    values = list(np.linspace(0.1, 0.9, 20))
    assert shared(Number(tolerance=0.005), values) == 0
    assert shared(Number(tolerance=0.5), values) > MOST_PAIRS
    assert shared(Integer(), [3] * 20) == 1


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_finding_holds_for_every_student(finding, companies):
    assert [seed for seed, found in companies.items() if not found.held[finding]] == []


# parameters

RANGES = {
    f"{topic}.{f.name}": f.metadata["varies"]
    for topic, default in vars(Parameters()).items()
    for f in fields(default)
    if f.metadata["varies"]
}


def value_of(known, name):
    topic, _, field = name.partition(".")
    return np.array(getattr(getattr(known, topic), field))


def test_the_list_of_truths_states_every_range_with_meaning_and_lesson():
    listed = truths.names(store.shipped_folder())
    assert listed["varies"].dropna().to_dict() == RANGES
    assert (listed.loc[list(RANGES), "lesson"] > 0).all()
    assert (listed.loc[list(RANGES), "meaning"] != "").all()


def test_parameters_are_drawn_over_the_whole_of_their_stated_ranges_and_stay_in_them():
    drawn = [varied(seed) for seed in range(60)]
    for name, (low, high) in RANGES.items():
        share = (np.array([value_of(known, name) for known in drawn]) - low) / (np.array(high) - low)
        assert share.min() >= -1e-9, name
        assert share.max() <= 1 + 1e-9, name
        assert share.min() < 0.15, name
        assert share.max() > 0.85, name
        own = (value_of(Parameters(), name) - low) / (np.array(high) - low)
        assert np.all((own >= -1e-9) & (own <= 1 + 1e-9)), f"{name} of Jiadong lies outside its range"


def test_shares_still_add_up_when_they_vary():
    for seed in range(20):
        assert sum(varied(seed).content.booked_ahead) == pytest.approx(1, abs=1e-12)


def test_no_two_parameters_are_drawn_alike():
    """Each has a stream of its own, so that one more range leaves the other parameters of all variants as they are."""
    drawn = [[value_of(known, name).flat[0] for name in RANGES] for known in map(varied, range(60))]
    assert np.abs(np.corrcoef(np.array(drawn).T) - np.eye(len(RANGES))).max() < 0.6
