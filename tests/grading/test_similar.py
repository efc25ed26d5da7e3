"""Near-identical code: planted copies are found however they are disguised, and honest work is left alone."""

import io
import keyword
import random
import re
import tokenize

import pytest
from invented_class import result

from opscourse.grading.similar import pairs, pieces

# Two questions of exercise 4, each solved from nothing in ways that differ as people differ; all give the right answer.
DAY_30 = [
    """
douyin = users[(users["channel"] == "dy") & users["signup_day"].between("2025-05-01", "2025-06-30")]
eligible = douyin[douyin["observed"] >= 30]
here = visits[(visits["age"] == 30) & visits["user_id"].isin(eligible["user_id"])]
douyin_day_30 = len(here) / len(eligible)
""",
    """
cohort = users.query("channel == 'dy' and '2025-05-01' <= signup_day <= '2025-06-30' and observed >= 30")
back = visits.query("age == 30")
merged = cohort.merge(back, on="user_id", how="left")
douyin_day_30 = merged["date"].notna().mean()
""",
    """
ids = set()
for row in users.itertuples():
    if row.channel == "dy" and row.observed >= 30:
        if pd.Timestamp("2025-05-01") <= row.signup_day <= pd.Timestamp("2025-06-30"):
            ids.add(row.user_id)
came = set(visits.loc[visits["age"] == 30, "user_id"])
douyin_day_30 = len(ids & came) / len(ids)
""",
    """
on_30 = visits[visits.age.eq(30)].user_id.unique()
users["came"] = np.isin(users.user_id, on_30)
is_dy = users.channel.eq("dy")
is_spring = users.signup_day.dt.month.isin([5, 6]) & users.signup_day.dt.year.eq(2025)
douyin_day_30 = users.loc[is_dy & is_spring & users.observed.ge(30), "came"].mean()
""",
    """
def rate(channel, first, last, day):
    who = users.loc[users["channel"] == channel].set_index("user_id")
    who = who[(who["signup_day"] >= first) & (who["signup_day"] <= last)]
    who = who[who["observed"] >= day]
    seen = visits.groupby("user_id")["age"].apply(lambda ages: (ages == day).any())
    return seen.reindex(who.index, fill_value=False).sum() / who.shape[0]

douyin_day_30 = rate("dy", "2025-05-01", "2025-06-30", 30)
""",
    """
table = visits.merge(users[["user_id", "channel", "observed"]], on="user_id", how="inner")
table = table[table["channel"].isin(["dy"])]
table = table[(table["signup_day"] > "2025-04-30") & (table["signup_day"] < "2025-07-01") & (table["observed"] > 29)]
numerator = table[table["age"] == 30]["user_id"].nunique()
bottom = users[users["channel"].isin(["dy"]) & (users["signup_day"] > "2025-04-30") & (users["observed"] > 29)]
denominator = bottom["user_id"].nunique()
douyin_day_30 = numerator / denominator
""",
    """
last = visits["date"].max()
dy = users[users["channel"].str.match("dy")].copy()
dy["target"] = dy["signup_day"] + pd.Timedelta(days=30)
dy = dy[(dy["target"] <= last) & (dy["signup_day"] >= "2025-05")]
pairs = pd.MultiIndex.from_frame(visits[["user_id", "date"]])
wanted = pd.MultiIndex.from_arrays([dy["user_id"], dy["target"]])
douyin_day_30 = wanted.isin(pairs).sum() / wanted.size
""",
    """
a = users["channel"].to_numpy() == "dy"
b = users["signup_day"].to_numpy() >= np.datetime64("2025-05-01")
c = users["observed"].to_numpy() >= 30
chosen = users["user_id"].to_numpy()[a & b & c]
day30 = visits["user_id"].to_numpy()[visits["age"].to_numpy() == 30]
douyin_day_30 = np.intersect1d(chosen, day30).size / chosen.size
""",
    """
pivot = visits.assign(hit=visits["age"] == 30).pivot_table(index="user_id", values="hit", aggfunc="max")
joined = users.join(pivot, on="user_id").fillna({"hit": False})
mask = (joined["channel"] == "dy") & (joined["observed"] >= 30)
mask &= joined["signup_day"].dt.strftime("%Y-%m").isin({"2025-05", "2025-06"})
counts = joined[mask]["hit"].astype(bool).value_counts(normalize=True)
douyin_day_30 = counts.get(True, 0.0)
""",
]
ORIGINS = [
    """
ordered = visits.sort_values(["user_id", "date"])
gap = ordered.groupby("user_id")["date"].diff().dt.days
ordered["origin"] = np.select([ordered["age"] == 0, gap == 1], ["new", "yesterday"], "pause")
in_march = ordered[ordered["date"].between("2025-03-01", "2025-03-31")]
origins = in_march["origin"].value_counts(normalize=True).reset_index(name="share")
""",
    """
day_before = visits[["user_id", "date"]].copy()
day_before["date"] += pd.Timedelta(days=1)
day_before["was_here"] = True
march = visits[(visits["date"] >= "2025-03-01") & (visits["date"] < "2025-04-01")]
march = march.merge(day_before, how="left", on=["user_id", "date"])
new = (march["age"] == 0).mean()
yesterday = ((march["age"] > 0) & march["was_here"].notna()).mean()
origins = pd.DataFrame({"origin": ["new", "yesterday", "pause"], "share": [new, yesterday, 1 - new - yesterday]})
""",
    """
seen = set(zip(visits["user_id"], visits["date"]))
tally = {"new": 0, "yesterday": 0, "pause": 0}
for user, date, age in visits[["user_id", "date", "age"]].itertuples(index=False):
    if date.year == 2025 and date.month == 3:
        if age == 0:
            tally["new"] += 1
        elif (user, date - pd.Timedelta("1D")) in seen:
            tally["yesterday"] += 1
        else:
            tally["pause"] += 1
total = sum(tally.values())
origins = pd.DataFrame([(kind, count / total) for kind, count in tally.items()], columns=["origin", "share"])
""",
    """
def kind(row):
    if row["age"] == 0:
        return "new"
    return "yesterday" if row["since"] == 1 else "pause"

v = visits.sort_values("date")
v["since"] = v["age"] - v.groupby("user_id")["age"].shift()
v = v[v["date"].dt.to_period("M") == "2025-03"]
result = v.apply(kind, axis=1)
origins = (result.groupby(result).size() / len(v)).rename_axis("origin").rename("share").reset_index()
""",
    """
v = visits.sort_values(by=["user_id", "date"], ignore_index=True)
same = v["user_id"].eq(v["user_id"].shift(1))
one = (v["date"] - v["date"].shift(1)).eq(pd.Timedelta(1, "D"))
v.loc[v["age"].eq(0), "origin"] = "new"
v.loc[v["age"].ne(0) & same & one, "origin"] = "yesterday"
v["origin"] = v["origin"].fillna("pause")
v = v.set_index("date").sort_index().loc["2025-03"]
origins = v.groupby("origin", as_index=False).agg(share=("age", "size"))
origins["share"] /= origins["share"].sum()
""",
    """
number = (visits["date"] - visits["date"].min()).dt.days
code = visits["user_id"] * 10_000 + number
returning = np.isin(code - 1, code)
category = pd.Series("pause", index=visits.index).mask(returning, "yesterday").mask(visits["age"] < 1, "new")
only = visits["date"].dt.strftime("%Y%m") == "202503"
share = pd.crosstab(category[only], "all", normalize=True)["all"]
origins = pd.DataFrame({"origin": share.index, "share": share.values})
""",
    """
grid = visits.assign(one=1).pivot_table(index="user_id", columns="date", values="one", fill_value=0)
here = grid.to_numpy(dtype=bool)
days = grid.columns
before = np.c_[np.zeros(len(here), bool), here[:, :-1]]
signup = users.set_index("user_id").loc[grid.index, "signup_day"].to_numpy()
first = days.to_numpy()[None, :] == signup[:, None]
march = (days.month == 3) & (days.year == 2025)
parts = [here & first, here & ~first & before, here & ~first & ~before]
sums = np.array([part[:, march].sum() for part in parts])
origins = pd.DataFrame(dict(origin=["new", "yesterday", "pause"], share=sums / sums.sum()))
""",
    """
lagged = visits.groupby("user_id", sort=False, group_keys=False)["date"].transform(lambda dates: dates.sort_values().diff())
labels = pd.cut(lagged.dt.days, [0, 1, np.inf], labels=["yesterday", "pause"]).astype(object)
labels = labels.where(visits["age"] != 0, "new").fillna("pause")
window = visits["date"].isin(pd.date_range("2025-03-01", periods=31))
origins = labels[window].to_frame("origin").assign(share=1 / window.sum()).groupby("origin")["share"].sum().reset_index()
""",
    """
import collections
by_user = {user: sorted(dates) for user, dates in visits.groupby("user_id")["date"]}
born = dict(zip(users["user_id"], users["signup_day"]))
bag = collections.Counter()
for user, dates in by_user.items():
    previous = None
    for today in dates:
        if (today.year, today.month) == (2025, 3):
            bag["new" if today == born[user] else "yesterday" if previous and (today - previous).days == 1 else "pause"] += 1
        previous = today
shares = pd.Series(bag) / sum(bag.values())
origins = shares.rename_axis(index="origin").reset_index(name="share")
""",
]
HONEST = {"4.2": DAY_30, "4.3": ORIGINS}


# Disguises, as somebody applies them who has copied


def renamed(code, seed=0):
    """Every variable that the code itself creates under another name."""
    own = sorted(set(re.findall(r"^\s*(\w+)\s*=[^=]", code, re.M)) | set(re.findall(r"\bfor (\w+) in", code)))
    chance = random.Random(seed)
    names = {name: f"{chance.choice(['my', 'the', 'tmp', 'res'])}_{index}" for index, name in enumerate(own)}
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    depth, changed = 0, []
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        depth += (token.string in "([{" and token.string != "") - (token.string in ")]}" and token.string != "")
        keyword_argument = depth and after and after.string == "="
        free = token.type == tokenize.NAME and not (before and before.string == ".") and not keyword_argument
        changed.append((token.type, names.get(token.string, token.string) if free else token.string))
    return tokenize.untokenize(changed)


def reordered(code):
    """The first two statements of one line each in the other order, where there are two beside each other."""
    lines = code.strip("\n").split("\n")
    for at in range(len(lines) - 1):
        if all(re.match(r"\w+ = ", line) and line.count("(") == line.count(")") for line in lines[at : at + 2]):
            lines[at], lines[at + 1] = lines[at + 1], lines[at]
            break
    return "\n".join(lines) + "\n"


def other_constants(code):
    return re.sub(r"\b\d+\b", lambda found: str(int(found[0]) + 1), re.sub(r'"(\w+)"', r"'\1_2'", code))


def commented(code):
    return "# my own idea\n\n" + re.sub(r"\n", "  # so that it works\n\n", code.strip("\n") + "\n")


def spread(code):
    return re.sub(r"([(\[])", r"\1\n        ", code)


def with_a_print(code):
    return code + 'print("done", 1 + 1)\n'


DISGUISES = [renamed, reordered, other_constants, commented, spread, with_a_print]


def disguised(code, seed):
    """Several disguises at once."""
    for disguise in random.Random(seed).sample(DISGUISES, 3):
        code = disguise(code)
    return code


def classroom(answers):
    """Results of a class from {student: {question: code}}."""
    return [result(student, {question: ("right", code) for question, code in own.items()}) for student, own in answers.items()]


def honest_class():
    return {f"honest{at}": {question: codes[at] for question, codes in HONEST.items()} for at in range(len(DAY_30))}


@pytest.mark.parametrize("disguise", [renamed, other_constants, commented, spread])
@pytest.mark.parametrize("code", DAY_30 + ORIGINS)
def test_names_constants_comments_and_layout_do_not_count(code, disguise):
    assert disguise(code) != code
    assert set(pieces(disguise(code))) == set(pieces(code))


def test_nothing_can_be_hidden_behind_long_comments_and_empty_lines():
    assert set(pieces("# nothing to see\n\n" * 5_000 + DAY_30[0])) == set(pieces(DAY_30[0]))


def test_honest_work_is_never_paired():
    assert pairs(classroom(honest_class())) == []


@pytest.mark.parametrize("seed", range(5))
def test_all_planted_copies_and_nothing_else_are_found(seed):
    """Every honest student but one is copied by somebody else under three disguises: precision 1, recall 1."""
    answers = honest_class()
    planted = set()
    for at in range(len(DAY_30) - 1):
        answers[f"copy{at}"] = {question: disguised(codes[at], seed * 100 + at) for question, codes in HONEST.items()}
        planted |= {(question, f"copy{at}", f"honest{at}") for question in HONEST}
    found = {(pair.question, pair.first, pair.second) for pair in pairs(classroom(answers)) if pair.question}
    precision, recall = len(found & planted) / len(found), len(found & planted) / len(planted)
    assert (precision, recall) == (1.0, 1.0), (found - planted, planted - found)


def test_a_pair_is_also_found_over_all_answers_together():
    answers = honest_class()
    answers["copy"] = {question: disguised(codes[3], 1) for question, codes in HONEST.items()}
    found = pairs(classroom(answers))
    assert [(pair.question, pair.first, pair.second) for pair in found] == [
        (question, "copy", "honest3") for question in ("", "4.2", "4.3")
    ]
    assert found[0].rare == pytest.approx(found[1].rare + found[2].rare)


def test_what_many_write_alike_is_no_copy():
    """Half of the class wrote what the lesson shows, word for word."""
    answers = honest_class()
    for at in range(12):
        answers[f"lesson{at}"] = {question: codes[0] for question, codes in HONEST.items()}
    assert pairs(classroom(answers)) == []


def test_short_answers_are_no_copies():
    answers = honest_class()
    for at, own in enumerate(answers.values()):
        own["4.1"] = 'curve = "b"\n' if at < 2 else f'curve = choose("{at}", at={at})[0]\n'
    assert pairs(classroom(answers)) == []


def test_a_copied_page_among_people_who_each_wrote_little_else_is_found_in_a_class_of_four():
    long = {"4.3": "\n".join(code for code in ORIGINS[:4])}
    answers = {"a": long, "b": {"4.3": renamed(long["4.3"])}, "c": {"4.3": ORIGINS[5]}, "d": {"4.3": ORIGINS[6]}}
    assert [(pair.first, pair.second) for pair in pairs(classroom(answers))] == [("a", "b")]


def test_the_order_of_the_results_changes_nothing():
    answers = honest_class()
    answers["copy"] = {question: disguised(codes[3], 1) for question, codes in HONEST.items()}
    ours = classroom(answers)
    expected = pairs(ours)
    random.Random(3).shuffle(ours)
    assert expected
    assert pairs(ours) == expected


def test_code_that_is_no_python_is_compared_by_its_words():
    broken = "for x in visits[\n" + DAY_30[2].replace("if ", "when ").replace(" in ", " of ")
    answers = honest_class()
    answers["a"] = {"4.2": broken}
    answers["b"] = {"4.2": broken.replace("    ", " ")}
    found = pairs(classroom(answers))
    assert [(pair.question, pair.first, pair.second) for pair in found] == [("", "a", "b"), ("4.2", "a", "b")]


@pytest.mark.parametrize(
    "code", ["", "\0", "'" * 9, '"""', "(" * 30_000, "\\\n" * 5_000, "  x\n y\n", "é = ²", "\ud800", "$?`", "1e" * 9, '"\\' * 9]
)
def test_any_text_can_be_cut_into_pieces(code):
    assert all(isinstance(piece, str) for piece in pieces(code))


def test_no_results_and_no_code_give_no_pairs():
    assert pairs([]) == []
    assert pairs(classroom({"a": {"4.1": ""}, "b": {"4.1": " "}})) == []


def test_no_name_of_a_student_is_in_a_piece():
    assert not any(keyword.iskeyword(word) for word in ("v", "S"))  # the signs that stand for names and strings
    assert list(pieces('mulberry = load("ada")')) == ["^ v = v", "v = v (", "= v ( S", "v ( S )", "( S ) $"]
