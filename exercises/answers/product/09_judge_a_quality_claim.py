"""Answers to exercise 9: what changed, what came anyway, and what passes without being liked."""

from math import comb

import pandas as pd

from opscourse.exercise import Choice, Frame, Function, Number

START = pd.Timestamp("2025-01-01")


def probed(load):
    """Every probe with its touchpoint and its city, and whether it was made since the start of the system."""
    probes = load("dial_tests").merge(load("touchpoints_cx"), on="tp_id").merge(load("cities"), on="city_id")
    return probes.assign(since=probes["date"].ge(START), red=probes["tp_id"].isin(red_lights(load)))


def daily(load):
    """The probes of the daily series."""
    probes = probed(load)
    return probes[~probes["wave"].notna()]


def rate(probes):
    """Share of these probes that passed."""
    return probes["passed"].sum() / len(probes)


# 9.2: one change, three readings


def changes(load, keep=None):
    """By stage: the difference of the pass rates, their relative change, that of the failure rates."""
    probes = daily(load)
    probes = probes if keep is None else probes[keep(probes)]
    rows = []
    for stage, some in probes.groupby("stage"):
        before, since = rate(some[~some["since"]]), rate(some[some["since"]])
        rows.append((stage, since - before, (since - before) / before, (before - since) / (1 - before)))
    return pd.DataFrame(rows, columns=["stage", "points", "passes", "failures"])


def changes_from_the_end(load):
    """The relative changes, divided by the later rate."""
    table = changes(load)
    passes, failures = table["passes"], table["failures"]
    return table[["stage"]].assign(passes=passes / (1 + passes), failures=failures / (1 + failures))


def ratios(load):
    """The later rate divided by the earlier one, without taking off 1."""
    table = changes(load)
    return table[["stage"]].assign(passes=1 + table["passes"], failures=1 + table["failures"])


# 9.3: what the system added in its first quarter

QUARTERS = (pd.Timestamp("2024-10-01"), pd.Timestamp("2025-03-31"))


def of_cities(load, treated, first=QUARTERS[0], last=QUARTERS[1]):
    """The daily probes of some months in the cities with or without the system."""
    probes = daily(load)
    return probes[probes["date"].between(first, last) & (probes["quality_treated"] == treated)]


def gain(probes):
    """Pass rate since the start minus the one before."""
    return rate(probes[probes["since"]]) - rate(probes[~probes["since"]])


def added(load, **months):
    """Gain with the system beyond the gain without it."""
    return gain(of_cities(load, True, **months)) - gain(of_cities(load, False, **months))


def ahead(load):
    """By how much the cities with the system were ahead of the others in the first quarter of 2025."""
    return rate(of_cities(load, True, first=START)) - rate(of_cities(load, False, first=START))


def added_in_waves(load):
    """The same difference of differences, from the two published waves."""
    probes = probed(load)
    passed = probes.pivot_table(index="quality_treated", columns="wave", values="passed")
    return (passed[2] - passed[1]).diff().iloc[1]


# 9.4: what a gate on probes lets through


def complaints(load, start=START, probed_from=START):
    """The complaints from a day on, and whether their touchpoint passes at least 95% of its daily probes."""
    probes = daily(load)
    passed = probes[probes["date"] >= probed_from].groupby("tp_id")["passed"].mean()
    messages = load("feedback")
    messages = messages[~messages["type"].eq("praise") & (messages["ts"] >= start)]
    return messages.assign(green=messages["tp_id"].isin(passed.index[passed >= 0.95]))


def let_through(messages, of=None):
    """By type: complaints about touchpoints that the gate lets through, divided by those of the type (or by a number)."""
    counts = messages.groupby("type")["green"].agg(["sum", "size"])
    return (counts["sum"] / (of or counts["size"])).rename("let_through").reset_index()


def stopped(load):
    """By type: the share that the gate stops."""
    table = let_through(complaints(load))
    return table.assign(let_through=1 - table["let_through"])


# 9.5: how often a gate opens


def opens_with(failing, probes, allowed):
    """The chances of 0, 1, … `allowed` failures, added."""
    return sum(comb(probes, k) * failing**k * (1 - failing) ** (probes - k) for k in range(allowed + 1))


# 9.6: what was chosen because it failed


def red_lights(load):
    """The touchpoints that failed a probe of the October wave."""
    probes = load("dial_tests")
    return probes.loc[probes["wave"].eq(1).fillna(False) & ~probes["passed"], "tp_id"].unique()


def earlier(load, red=True, first="2024-07-01", last="2024-10-13"):
    """Pass rate in the daily series of those with a red light, or of all others (None: of all)."""
    probes = daily(load)
    probes = probes[probes["date"].between(first, last)]
    return rate(probes if red is None else probes[probes["red"] == red])


def in_wave(load, number):
    """Pass rate of the same touchpoints in one of the published waves."""
    probes = probed(load)
    return rate(probes[(probes["wave"] == number) & probes["red"]])


QUESTIONS = {
    "9.1": Choice(
        right="c",
        options={
            "a": "add them: 7 for the first and 6 for the second; at least one rule keeps the first in front",
            "b": "two rules keep the first in front; but one of them looks at one factor before all others",
            "c": "7 against 6 and 9 against 6, but scope first sets 1 against 3: the rule decides, not the problem",
            "d": "work both out: 1 + 3 + 3 against 3 + 2 + 1, and 1 x 3 x 3 against 3 x 2 x 1",
        },
    ),
    "9.2": Frame(
        keys=["stage"],
        columns={"points": 0.002, "passes": 0.002, "failures": 0.01},
        partial=True,
        right=lambda load: changes(load),
        praise="one change, three sizes; say which one you report",
        mistakes={
            "these are the cities with the system only; asked is the whole company": (
                lambda load: changes(load, lambda probes: probes["quality_treated"])
            ),
            "these are the cities without the system only; asked is the whole company": (
                lambda load: changes(load, lambda probes: ~probes["quality_treated"])
            ),
            "you divided by the later rate; a relative change is measured from where it began": changes_from_the_end,
            "this is the later rate divided by the earlier one; take off 1 to have the change": ratios,
            "failures are what did not pass: 1 minus the pass rate, before and after, and then the relative change": (
                lambda load: changes(load)[["stage"]].assign(failures=-changes(load)["passes"])
            ),
            "this is a difference of rates, so points; asked is the relative change, divided by the earlier rate": (
                lambda load: changes(load)[["stage"]].assign(passes=changes(load)["points"], failures=-changes(load)["points"])
            ),
            "this is the difference of the pass rates; failures are asked, and their relative change": (
                lambda load: changes(load)[["stage"]].assign(failures=changes(load)["points"])
            ),
        },
    ),
    "9.3": Number(
        right=lambda load: added(load),
        tolerance=0.001,
        unit="a proportion, 0.05 for five points",
        praise="what the other cities gained in the same months came anyway",
        mistakes={
            "this is the whole gain of the cities with the system; take off what came anyway": (
                lambda load: gain(of_cities(load, True))
            ),
            "this is the gain of the cities without the system; what did those with it gain beyond that?": (
                lambda load: gain(of_cities(load, False))
            ),
            "this is by how much the cities with the system are ahead in the new quarter; were they level before?": ahead,
            "these are the half-years of the lesson; asked are the two quarters around the start": (
                lambda load: added(load, first=pd.Timestamp("2024-07-01"), last=pd.Timestamp("2025-06-30"))
            ),
            "this is the mean of the two gains; asked is what the cities with the system gained beyond the others": (
                lambda load: (gain(of_cities(load, True)) + gain(of_cities(load, False))) / 2
            ),
            "these are the published waves, a few dozen probes; take the daily series": added_in_waves,
        },
    ),
    "9.4": Frame(
        keys=["type"],
        columns={"let_through": 0.01},
        right=lambda load: let_through(complaints(load)),
        praise="probes keep out what breaks; for everything else this gate does little",
        mistakes={
            "this is what the complaints let through are about; divide each type by all complaints of that type": (
                lambda load: let_through(complaints(load), of=complaints(load)["green"].sum())
            ),
            "you divided by all complaints; divide each type by the complaints of that type": (
                lambda load: let_through(complaints(load), of=len(complaints(load)))
            ),
            "this is the share that the gate stops; asked is what it lets through": stopped,
            "these are complaints of all dates; take those written since 2025-01-01": (
                lambda load: let_through(complaints(load, start=pd.Timestamp("2024-01-01")))
            ),
            "your pass rates are of the whole series; take the daily probes since 2025-01-01": (
                lambda load: let_through(complaints(load, probed_from=pd.Timestamp("2024-07-01")))
            ),
        },
    ),
    "9.5": Function(
        right=opens_with,
        result=Number(tolerance=0.001, unit="a proportion between 0 and 1"),
        praise="both errors of the gate are in this one function",
        cases={
            "two in five, six probes, two allowed": (0.4, 6, 2),
            "half the time, two probes, one allowed": (0.5, 2, 1),
            "one in four, two probes, none allowed": (0.25, 2, 0),
            "one in ten, twenty probes, two allowed": (0.1, 20, 2),
            "one in fifty, forty probes, one allowed": (0.02, 40, 1),
        },
        mistakes={
            "this is the chance that all probes pass; some may fail": lambda failing, probes, allowed: (1 - failing) ** probes,
            "this is the chance of exactly the allowed number of failures; fewer are fine too": (
                lambda failing, probes, allowed: opens_with(failing, probes, allowed) - opens_with(failing, probes, allowed - 1)
            ),
            "this is the chance that the gate stays shut": (
                lambda failing, probes, allowed: 1 - opens_with(failing, probes, allowed)
            ),
            "this lets one failure fewer through than allowed: at most means that the allowed number is fine": (
                lambda failing, probes, allowed: opens_with(failing, probes, allowed - 1)
            ),
            "this is the chance that at most so many probes pass: count the failures": (
                lambda failing, probes, allowed: opens_with(1 - failing, probes, allowed)
            ),
            "this is always 1: the order is binom.cdf(failures allowed, probes, share that fails)": (
                lambda failing, probes, allowed: 1.0
            ),
            "the allowed failures may be any of the probes: each number of failures happens in many ways (binomial)": (
                lambda failing, probes, allowed: sum(failing**k * (1 - failing) ** (probes - k) for k in range(allowed + 1))
            ),
        },
    ),
    "9.6": Number(
        right=lambda load: earlier(load),
        tolerance=0.005,
        unit="a proportion between 0 and 1",
        praise="they were chosen because they failed; measured again, they would have looked better without any work",
        mistakes={
            "this is their rate in the October wave, which put them on the list; take the daily probes before it": (
                lambda load: in_wave(load, 1)
            ),
            "this is their rate in the April wave; take the daily probes before October": lambda load: in_wave(load, 2),
            "these are all touchpoints; take those that failed a probe in October": lambda load: earlier(load, red=None),
            "these are the touchpoints without a red light; take those that failed a probe in October": (
                lambda load: earlier(load, red=False)
            ),
            "this is the share that failed; asked is the share that passed": lambda load: 1 - earlier(load),
            "this is the whole daily series; stop before the October wave": lambda load: earlier(load, last="2025-06-30"),
            "this is the half-year to December; stop on 13 October, before the wave": (
                lambda load: earlier(load, last="2024-12-31")
            ),
            "these are the daily probes in the week of the wave, and the wave made the list; take those before it": (
                lambda load: earlier(load, first="2024-10-14", last="2024-10-18")
            ),
        },
    ),
}
