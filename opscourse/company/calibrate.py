"""`opscourse calibrate`: each published figure beside what a company's data give.

The tolerance of a figure is what chance allows: `Z` standard errors of the estimate, worked out from theory (binomial shares,
Poisson counts, the delta method for ratios of the two). Figures that are built to be exact have tolerance 0, or half a unit of
the last published decimal.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from opscourse.company import dirt, store, truths
from opscourse.company.parameters import Parameters
from opscourse.company.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Row", "calibrate", "main"]

Z = 3.5  # about one false alarm in 2,000 figures


class Row(NamedTuple):
    """One figure: what it says, what the company was made to give, what the data give, and how far off chance may put it."""

    what: str
    target: float
    found: float
    tolerance: float
    why: str

    @property
    def ok(self) -> bool:
        """Whether the data agree with the target."""
        return abs(self.found - self.target) <= self.tolerance + 1e-9


class Company:
    """The company in `folder`: its tables, each read once, and its parameters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables: dict[str, pd.DataFrame] = {}

    def __getitem__(self, table: str) -> pd.DataFrame:
        if table not in self.tables:
            self.tables[table] = store.table_of(self.folder, TABLES[table])
        return self.tables[table]

    @cached_property
    def known(self) -> Parameters:
        """What the company was made from."""
        return store.parameters(self.folder)

    @property
    def scale(self) -> float:
        """Size, relative to the company that ships."""
        return store.manifest(self.folder)["users"] / 20_000


Check = Callable[[Company], Iterator[Row]]
FIGURES: dict[str, Check] = {}


def figure(number: str) -> Callable[[Check], Check]:
    """Register the decorated function as the check of figure `number` of the syllabus."""

    def register(check: Check) -> Check:
        FIGURES[number] = check
        return check

    return register


def calibrate(folder: Path | None = None) -> pd.DataFrame:
    """Return one row a figure: target, what the data give, tolerance and its reason, and whether they agree.

    Works on the company that `load` reads, or on the one in `folder`.
    """
    import pandas as pd

    company = Company(Path(folder) if folder else store.data_folder())
    rows = [(number, *row, row.ok) for number, check in FIGURES.items() for row in check(company)]
    return pd.DataFrame(rows, columns=["figure", "what", "target", "data", "tolerance", "why", "ok"])


def main(argv: list[str]) -> int:
    """`opscourse calibrate`: print the table; exit code 1 if a figure is off."""
    parser = argparse.ArgumentParser(prog="opscourse calibrate", description=__doc__.split("\n")[0].split(": ")[1])
    parser.add_argument("--data", metavar="DIR", help="another company's folder")
    given = parser.parse_args(argv)
    table = calibrate(Path(given.data) if given.data else None)
    shown = table.assign(ok=table["ok"].map({True: "✓", False: "✗"}))
    print(shown.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    off = int((~table["ok"]).sum())
    print(f"\n{len(table)} rows, {off} off." if off else f"\nAll {len(table)} rows agree.")
    return 1 if off else 0


def share(what: str, target: float, found: float, of: int) -> Row:
    """A share of `of` independent cases: binomial standard error."""
    return Row(what, target, found, Z * math.sqrt(target * (1 - target) / of), f"binomial, n = {of:,}")


def exact(what: str, target: float, found: float, places: int | None = None) -> Row:
    """A figure without chance, to so many decimals if it is published rounded."""
    return Row(what, target, found, 0.0 if places is None else 0.5 * 10**-places, "exact")


def ratio(what: str, target: float, found: float, *variances: float) -> Row:
    """A ratio (or ratio of ratios) of independent estimates, given each one's relative variance: delta method."""
    return Row(what, target, found, Z * target * math.sqrt(sum(variances)), "delta method")


def _retained(company: Company, day: int) -> Iterator[Row]:
    """Exact-day retention of all users whose day is observed."""
    import numpy as np

    last = company["calendar"]["date"].max()
    signup = company["users"].set_index("user_id")["signup_ts"].dt.normalize()
    eligible = int((signup <= last - np.timedelta64(day, "D")).sum())
    activity = company["daily_activity"]
    active = int(((activity["date"] - activity["user_id"].map(signup)).dt.days == day).sum())
    target = company.known.lifetime.active * truths.alive(company.known, day)
    yield share(f"retention on exactly day {day}", target, active / eligible, eligible)


for _number, _day in (("Q01", 1), ("Q02", 7), ("Q03", 30)):
    FIGURES[_number] = lambda company, day=_day: _retained(company, day)


@figure("Q04")
def _new_share(company: Company) -> Iterator[Row]:
    june = company["daily_activity"]
    june = june[june["date"] >= "2025-06-01"]
    signups = int((company["users"]["signup_ts"] >= "2025-06-01").sum())
    bound = 1 / (1 + 0.3 + 6 * 0.2 + 23 * 0.1)
    yield Row("new users in DAU, June 2025: below half the bound of 20.8%", bound / 4, signups / len(june), bound / 4, "bound")


@figure("Q08")
def _cart_to_pay(company: Company) -> Iterator[Row]:
    """Carts of known users and of strangers, who never pay without registering."""
    events = company["events"][company["events"]["ts"] < company.known.checkout.launch]
    carts = events.loc[events["name"] == "cart_add", "session_id"].drop_duplicates()
    paid = carts.isin(events.loc[events["name"] == "order_pay", "session_id"]).mean()
    yield share("carts paid in the same visit, before the launch", company.known.checkout.steps[2], paid, len(carts))


@figure("Q09")
def _launch(company: Company) -> Iterator[Row]:
    target = truths.truth(company.folder, "checkout.conversion")
    yield ratio("carts of known users: paid with the launch, relative to without", target, *_launch_effect(company))


@figure("Q10")
def _gmv(company: Company) -> Iterator[Row]:
    """Conversion by basket: gross sales, visits being equal."""
    orders = company["orders"].merge(_places(company), on="user_id")
    orders["launched"] = orders["checkout_treated"] & (orders["ts"] >= company.known.checkout.launch)
    gross = orders.groupby("launched")["gross_cny"]
    mean, variance = gross.mean(), (gross.std() / gross.mean()) ** 2 / gross.size()
    found, *variances = _launch_effect(company)
    target = truths.truth(company.folder, "checkout.gmv") / company.known.checkout.season
    yield ratio("gross sales a cart with the launch, relative", target, found * mean[True] / mean[False], *variances, *variance)


def _carts(company: Company) -> pd.DataFrame:
    """One row a visit of a known user in which something was put into the cart: with the launch or without, paid or not."""
    events = company["events"]
    carts = events[events["name"] == "cart_add"].drop_duplicates("session_id").merge(_places(company), on="user_id")
    carts["launched"] = carts["checkout_treated"] & (carts["ts"] >= company.known.checkout.launch)
    return carts.assign(paid=carts["session_id"].isin(events["session_id"][events["name"] == "order_pay"]))


def _places(company: Company) -> pd.DataFrame:
    return company["users"].merge(company["cities"], on="city_id")[["user_id", "checkout_treated"]]


def _launch_effect(company: Company) -> tuple[float, float, float]:
    """Conversion with the launch relative to without, and the relative variances of both."""
    paid = _carts(company).groupby("launched")["paid"]
    rate, n = paid.mean(), paid.size()
    variance = (1 - rate) / (rate * n)
    return rate[True] / rate[False], variance[True], variance[False]


@figure("Q11")
def _stuck_step(company: Company) -> Iterator[Row]:
    yield _lift(company, "goal_step", "one_goal")


def _lift(company: Company, test: str, arm: str) -> Row:
    """Observed relative lift of an arm against its true one."""
    true = truths.truth(company.folder, "experiments")
    true = true[true["name"] == test].set_index("arm")
    units = company["assignments"]
    cell = units[units["exp_id"] == true["exp_id"].iloc[0]].groupby("arm")["outcome"]
    rate, n = cell.mean(), cell.size()
    target = 1 + true["lift"][arm]
    expected = {"control": rate["control"], arm: min(target * rate["control"], 0.99)}
    variances = [(1 - p) / (p * n[name]) for name, p in expected.items()]
    row = ratio("", target, rate[arm] / rate["control"], *variances)
    return row._replace(what=f"test {test}: {arm} against control, relative")


@figure("Q12")
def _roi(company: Company) -> Iterator[Row]:
    from opscourse.company.worth import ranks

    early, late = ranks(company)
    yield exact("rank of paid search among dy, xhs, paid_search by 30-day revenue ROI", 3, early["paid_search"])
    yield exact("its rank by 365-day margin ROI", 1, late["paid_search"])
    yield exact("rank of dy by 30-day revenue ROI", 1, early["dy"])
    yield exact("its rank by 365-day margin ROI", 3, late["dy"])


@figure("Q13")
def _penetration(company: Company) -> Iterator[Row]:
    home = _home(company)
    first, second = company.known.market.penetration
    yield exact("home penetration in 2023, %", 100 * first, 100 * home["penetration"][2023], 2)
    yield exact("its growth to 2024, %", 100 * (second / first - 1), home["penetration"].pct_change()[2024] * 100, 0)
    ceiling, last = company.known.market.ceiling, home["penetration"].iloc[-1]
    yield Row("penetration in the last year: near the ceiling, never above", ceiling * 0.9, last, ceiling * 0.1, "bound")


@figure("Q14")
def _market_size(company: Company) -> Iterator[Row]:
    home = _home(company).loc[2023]
    found = home["population_m"] * home["penetration"] * home["spend_usd"] / 1000
    yield exact("home market in 2023: population times penetration times spend, bn USD", company.known.market.size, found, 2)


@figure("Q15")
def _market_growth(company: Company) -> Iterator[Row]:
    growth = _home(company)[["size_usd_m", "spend_usd"]].pct_change().loc[2024] * 100
    yield exact("growth of the home market to 2024, %", 100 * company.known.market.growth, growth["size_usd_m"], 1)
    target = truths.truth(company.folder, "market.spend_change")
    yield exact("change of spend per participant, %", round(100 * target, 1), growth["spend_usd"], 1)


def _home(company: Company) -> pd.DataFrame:
    """The home market by year."""
    return company["markets"].query("market == 'home'").set_index("year")


@figure("Q16")
def _concentration(company: Company) -> Iterator[Row]:
    firms = company["competitors"]
    last = firms[firms["quarter"] == firms["quarter"].max()].set_index("firm")["share"]
    yield exact("share of X, Y and Z in the last quarter", sum(company.known.market.shares), last[["X", "Y", "Z"]].sum(), 4)


@figure("Q17")
def _rivals(company: Company) -> Iterator[Row]:
    firms = company["competitors"]
    rivals = firms[firms["firm"] != "Jiadong"][["d1", "d7", "d30"]].mean() * 100
    for day in (1, 7, 30):
        target = truths.truth(company.folder, f"market.rivals_d{day}") * 100
        yield exact(f"rivals' retention on exactly day {day}, %", target, rivals[f"d{day}"], 1)


@figure("Q18")
def _say_pay(company: Company) -> Iterator[Row]:
    answers = company["surveys"].dropna(subset="would_pay")
    later = answers["ts"] >= "2025-01-01"
    known = company.known.survey
    for year, rows, target in ((2024, ~later, known.would_pay_before), (2025, later, known.would_pay_after)):
        found = float(answers["would_pay"][rows].mean())
        yield Row(f"would pay for content, answers of {year}", target, found, 1 / int(rows.sum()), "rounding of a quota")


@figure("Q19")
def _age(company: Company) -> Iterator[Row]:
    age = company["users"]["age"]
    yield share("users aged 25 to 40, both included", 0.70, age.between(25, 40).mean(), len(age))


@figure("Q20")
def _source(company: Company) -> Iterator[Row]:
    sessions = company["sessions"].dropna(subset="channel_id")
    names = sessions["channel_id"].map(company["channels"].set_index("channel_id")["channel"])
    target = truths.truth(company.folder, "source.last_click")
    yield share("visits with a source: from dy or xhs", target, names.isin(["dy", "xhs"]).mean(), len(names))


@figure("Q24")
def _five_largest(company: Company) -> Iterator[Row]:
    revenue = company["b2b_invoices"].groupby("account_id")["amount_cny"].sum().sort_values(ascending=False)
    share = revenue / revenue.sum() * 100
    known = company.known.corporate
    yield exact("share of the five largest corporate accounts, %", known.top_five * 100, share.iloc[:5].sum(), 1)
    sizes = [known.decline**k for k in range(5)]
    yield exact("of these, the largest one, %", known.top_five * 100 * sizes[0] / sum(sizes), share.iloc[0], 1)


@figure("Q25")
def _not_a_pattern(company: Company) -> Iterator[Row]:
    """The five largest of a consumer business are next to nothing: the figure says nothing about an industry."""
    orders = company["orders"]
    spent = orders[orders["paid"]].groupby("user_id")["net_cny"].sum().sort_values(ascending=False)
    found = spent.iloc[:5].sum() / spent.sum() * 100
    most = 10 * company.known.corporate.top_five / min(company.scale, 1)
    yield Row("share of the five best users in what the shop takes, %", 0.0, found, most, "a tenth of the corporate share")


@figure("Q21")
def _panel(company: Company) -> Iterator[Row]:
    """The best of creators who are all alike: mean and standard deviation of the largest of so many binomial counts."""
    known = company.known.creator
    panel = company["collabs"][company["collabs"]["panel"]]
    rate = panel["orders"] / panel["clicks"]
    yield share("orders a click of the panel", known.panel_rate, rate.mean(), int(panel["clicks"].sum()))
    mean, deviation = _best(known.panel_clicks, known.panel_rate, len(panel))
    yield Row("orders a click of its best KOC", mean, rate.max(), Z * deviation, f"best of {len(panel)} equal ones")


def _best(trials: int, rate: float, size: int) -> tuple[float, float]:
    import numpy as np

    chance = [math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(trials + 1)]
    best = np.diff(np.cumsum(chance) ** size, prepend=0.0)
    value = np.arange(trials + 1) / trials
    mean = value @ best
    return float(mean), math.sqrt(((value - mean) ** 2) @ best)


@figure("Q22")
def _page_weights(company: Company) -> Iterator[Row]:
    from itertools import permutations

    page = company["pages"].set_index("page_id").loc[1, ["s1", "s2", "s3", "s4", "s5"]]
    totals = [float(page @ order) for order in permutations(company.known.search.weights)]
    yield exact("score of page 1 under the worst pairing of weights", 61.3, min(totals), 1)
    yield exact("under the best one", 76.9, max(totals), 1)


@figure("Q27")
def _triage(company: Company) -> Iterator[Row]:
    """Mean and median of a log-normal time: standard errors from its own moments."""
    service = company.known.service
    tickets = company["tickets"][~company["tickets"]["bot_handled"]]
    later = tickets["opened_ts"] >= service.triage_start
    before, after = (tickets["first_response_min"][rows] for rows in (~later, later))
    variances = [(part.std() / part.mean()) ** 2 / len(part) for part in (before, after)]
    yield ratio(
        "mean time to the first answer, after triage to before",
        1 - service.triage_mean,
        after.mean() / before.mean(),
        *variances,
    )
    sigma = [math.log(part.quantile(0.84) / part.quantile(0.5)) for part in (before, after)]
    variances = [math.pi / 2 * s**2 / len(part) for s, part in zip(sigma, (before, after), strict=True)]
    yield ratio("median, after triage to before", 1 - service.triage_median, after.median() / before.median(), *variances)


@figure("Q28")
def _patience(company: Company) -> Iterator[Row]:
    import numpy as np

    known = company.known.patience
    near = company["sessions"][company["sessions"]["load_ms"].between(2_700, 3_300)]
    target = 1 - np.exp(-((near["load_ms"] / 1000 / known.scale) ** known.shape)).mean()
    yield share("visits that leave before a page of about 3 seconds is there", target, near["abandoned"].mean(), len(near))


@figure("Q29")
def _touchpoints(company: Company) -> Iterator[Row]:
    yield exact("touchpoints", 46, len(company["touchpoints_cx"]))
    pains = truths.truth(company.folder, "quality.pain_touchpoints")
    yield exact("of these, true pain points", company.known.quality.pain_points, len(pains))


@figure("Q30")
def _waves(company: Company) -> Iterator[Row]:
    waves = company["dial_tests"].groupby("wave")["passed"].mean() * 100
    yield exact("probes passed in the first wave, %", 88.04, waves[1], 2)
    yield exact("probes passed in the second wave, %", 97.83, waves[2], 2)


@figure("Q31")
def _complaints(company: Company) -> Iterator[Row]:
    service = company.known.service
    complaints = company["tickets"][company["tickets"]["category"] == "complaint"]
    month = complaints["opened_ts"].dt.strftime("%Y-%m")
    for at, target, total in (
        (service.first_month, 32.14, service.first_complaints),
        (service.second_month, 15.09, service.second_complaints),
    ):
        rows = complaints[month == at]
        rounding = 0.005 if company.scale == 1 else 100 / (total * company.scale)
        found = rows["quality_related"].mean() * 100
        yield Row(f"complaints about quality in {at}, %", target, found, rounding, "exact; rounding of counts at other sizes")


@figure("Q32")
def _programme(company: Company) -> Iterator[Row]:
    """The effect of the new system: cities with and without it, before and after its start."""
    probes = company["dial_tests"][company["dial_tests"]["wave"].isna()].merge(company["cities"], on="city_id")
    cell = probes.groupby(["quality_treated", probes["date"] >= company.known.quality.start])["passed"]
    rate, n = cell.mean(), cell.size()
    error = Z * math.sqrt((rate * (1 - rate) / n).sum())
    found = (rate[True, True] - rate[True, False]) - (rate[False, True] - rate[False, False])
    yield Row("pass rate: difference in differences", company.known.quality.effect, found, error, "four binomial shares")
    found, target = rate[True, True] - rate[True, False], truths.truth(company.folder, "quality.before_after")
    yield Row("pass rate of treated cities: before and after", target, found, error, "two binomial shares")


@figure("Q33")
def _history(company: Company) -> Iterator[Row]:
    from scipy.optimize import curve_fit
    from scipy.special import expit

    years = company["netizens_stylised"]
    known = company.known.history
    start = (known.ceiling, known.steepness, years["year"].median())
    (_, _, inflection), _ = curve_fit(
        lambda year, ceiling, slope, middle: ceiling * expit(slope * (year - middle)), years["year"], years["users_m"], start
    )
    yield Row("year of the fastest growth of internet users", known.inflection, inflection, 0.5, "to the year")


@figure("Q39")
def _hold(company: Company) -> Iterator[Row]:
    daily = company["content_daily"].groupby(["content_id", "platform"])[["views", "hold_3s"]].sum()
    daily = daily[daily["views"] > 0].reset_index().merge(company["content_items"], on="content_id")
    held = (daily["hold_3s"] / daily["views"]).groupby(daily["hook_type"])
    for hook, target in company.known.content.hold.items():
        error = held.std()[hook] / math.sqrt(daily.loc[daily["hook_type"] == hook, "content_id"].nunique())
        yield Row(f"views that last 3 seconds, hook {hook}", target, held.mean()[hook], Z * error, "items as clusters")


@figure("Q40")
def _styles(company: Company) -> Iterator[Row]:
    yield exact("styles of copy", 3, company["content_items"]["style"].nunique())
    yield _lift(company, "copy_style", "story")


@figure("Q41")
def _matrix(company: Company) -> Iterator[Row]:
    yield exact("accounts: 1 + N", 1 + 8, company["content_items"]["account"].nunique())


@figure("Q42")
def _ladder(company: Company) -> Iterator[Row]:
    """Shares of those who took a code; the company is made so that they are the stated ones."""
    from opscourse.company.build.referrals import sending

    known = company.known.referral
    codes, sent = len(company["referral_codes"]), company["referrals"]
    accepted = int(sent["invitee_id"].notna().sum())
    yield ratio("invitations a user with a code", known.sent, len(sent) / codes, 1 / len(sent))
    yield ratio("K: friends who registered, a user with a code", known.sent * known.acceptance, accepted / codes, 1 / accepted)
    counts = sent.groupby("inviter_id").size()
    expected = sending(known)
    for step in known.steps:
        yield share(
            f"users with a code who invite exactly {step}", float(expected[step]), (counts == step).sum() / codes, codes
        )


@figure("Q43")
def _streak(company: Company) -> Iterator[Row]:
    """Visits after a check-in, by the length of the streak."""
    known = company.known.streak
    days = company["daily_activity"][["user_id", "date"]].merge(company["checkins"], on=["user_id", "date"], how="left")
    days = days.sort_values(["user_id", "date"]).assign(streak=lambda t: t["streak"].fillna(0))
    days = days.assign(then=days.groupby("user_id")["streak"].shift(-1)).dropna(subset="then")
    going = (days["then"] > 0).groupby(days["streak"])
    for streak, target in ((6, known.going[5]), (7, known.settled * (1 - known.badge_drop))):
        rows = going.get_group(streak)
        yield share(f"visits with a check-in after {streak} in a row", target, rows.mean(), len(rows))


@figure("Q44")
def _routine(company: Company) -> Iterator[Row]:
    """Messages of the hour relative to the rest of its day, on days with the step to days without: Poisson counts."""
    hours, steps = company["group_daily"], company["sop_log"].dropna(subset="done_ts")
    known = company.known.community
    day = hours["ts"].dt.normalize()
    for step, hour, other, target in (("morning_news", 9, 20, known.news), ("live_questions", 20, 9, known.live)):
        done = steps.loc[steps["step"] == step, ["group_id", "due_ts"]]
        done = set(zip(done["group_id"], done["due_ts"].dt.normalize(), strict=True))
        with_step = [pair in done for pair in zip(hours["group_id"], day, strict=True)]
        at = hours["ts"].dt.hour
        total = hours.assign(done=with_step, hour=at == hour)[at != other].groupby(["done", "hour"])["messages"].sum()
        found = total[True, True] / total[True, False] / (total[False, True] / total[False, False])
        yield ratio(f"messages from {hour} to {hour + 1} with {step}, relative", target, found, *(1 / total))


@figure("Q45")
def _nodes(company: Company) -> Iterator[Row]:
    calendar = company["calendar"].set_index("date")
    dragon = calendar.index[calendar["node"] == "Dragon Head"]
    yield exact("days from 1 March to Dragon Head 2024", 10, (dragon[0] - dragon[0].replace(month=3, day=1)).days)
    yield exact("days from 1 March to Dragon Head 2025", 0, (dragon[1] - dragon[1].replace(month=3, day=1)).days)
    fixed = [f"{year}-03-{day}" for year in (2024, 2025) for day in ("08", "12", "15", "20")]
    yield exact("nodes on 8, 12, 15 and 20 March of both years", 8, int(calendar["node"][fixed].notna().sum()))


@figure("Q54")
def _segments(company: Company) -> Iterator[Row]:
    yield exact("segments of corporate accounts", 5, company["b2b_accounts"]["segment"].nunique())


@figure("Q60")
def _double_11(company: Company) -> Iterator[Row]:
    """Orders an active day of settled users, on the day and after it, against the four weeks before: Poisson counts."""
    signup = company["users"].set_index("user_id")["signup_ts"]
    season = company["calendar"].set_index("date")["season_factor"]

    def by_day(rows: pd.DataFrame, day: pd.Series) -> pd.Series:
        settled = (day - rows["user_id"].map(signup)).dt.days >= 30
        return day[settled].value_counts().sort_index()

    orders = by_day(company["orders"], company["orders"]["ts"].dt.normalize())
    visits = by_day(company["daily_activity"], company["daily_activity"]["date"]) * season
    periods = [slice("2024-10-14", "2024-11-10"), slice("2024-11-11", "2024-11-11"), slice("2024-11-12", "2024-11-25")]
    usual, day, after = (orders[period].sum() / visits[period].sum() for period in periods)
    variance = [1 / orders[period].sum() for period in periods]
    purchase = company.known.purchase
    yield ratio("orders a visit on Double 11, relative to usual", purchase.double11, day / usual, *variance[:2])
    target = 1 - purchase.pulled_forward * (purchase.double11 - 1) / 14
    yield ratio("the same in the 14 days after it", target, after / usual, variance[0], variance[2])


@figure("Q35")
def _pay(company: Company) -> Iterator[Row]:
    """The gap in mean logarithms of pay, and the coefficient of a regression on post, city tier and years: laid out exactly."""
    import numpy as np

    ads, known = company["job_ads"], company.known.jobs
    pay = np.log(ads["salary_kcny"])
    regressors = np.column_stack(
        [ads["operations"], np.ones(len(ads)), *(ads["city_tier"] == t for t in (2, 3, 4)), ads["years"]]
    )
    raw = np.exp(pay[ads["operations"]].mean() - pay[~ads["operations"]].mean()) - 1
    yield Row("operations posts pay more", known.raw, raw, 0.001, "exact; rounding of pay")
    adjusted = np.exp(np.linalg.lstsq(regressors.astype(float), pay, rcond=None)[0][0]) - 1
    yield Row("the same, city tier and years being equal", known.adjusted, adjusted, 0.001, "exact; rounding of pay")


@figure("Q37")
def _plan_template(company: Company) -> Iterator[Row]:
    plan = company["claims"].query("source == 'plan template'")
    yield exact("figures among the claims of the plan template", 0, int((plan["type"] == "number").sum()))


@figure("Q49")
def _apps(company: Company) -> Iterator[Row]:
    apps = company["enterprise_apps"]
    for column, what, target in (("failure", "why they fail", 3), ("kind", "kinds", 5), ("audience", "audiences", 3)):
        yield exact(f"enterprise apps: {what}", target, apps[column].nunique())


@figure("Q50")
def _rhythm(company: Company) -> Iterator[Row]:
    days = company["app_versions"]["release_ts"].diff().dropna().dt.total_seconds() / 86_400
    yield Row("days between our releases, shortest", 10.5, days.min(), 3.5, "bound")
    yield Row("days between our releases, longest", 10.5, days.max(), 3.5, "bound")
    days = company["enterprise_apps"]["release_interval_days"]
    yield Row("days between releases of enterprise apps, shortest", 272.5, days.min(), 92.5, "bound")
    yield Row("days between releases of enterprise apps, longest", 272.5, days.max(), 92.5, "bound")


@figure("Q51")
def _loop(company: Company) -> Iterator[Row]:
    issues, known = (
        company["rnd_issues"].dropna(subset="reopened").astype({"verified": bool, "reopened": bool}),
        company.known.flow,
    )
    for rows, target, what in (
        (issues["verified"], known.reopened_verified, "checked"),
        (~issues["verified"], known.reopened_unverified, "not checked"),
    ):
        yield Row(
            f"issues that come back, {what}", target, issues["reopened"][rows].mean(), 1 / rows.sum(), "rounding of a quota"
        )


@figure("Q55")
def _horizons(company: Company) -> Iterator[Row]:
    months = company["goals"]["horizon_months"].dropna()
    between = months.between(6, 12, inclusive="neither") | months.between(24, 36, inclusive="neither")
    yield Row("dated goals in no class", company.known.goals.gap, between.mean(), 1 / len(months), "rounding of a quota")


@figure("Q61")
def _figures(company: Company) -> Iterator[Row]:
    counts = company["claims"].query("type == 'number'")["source"].value_counts()
    for source, target in (("slide deck", 20), ("essays", 9), ("duties essay", 1), ("articles", 0), ("plan template", 0)):
        yield exact(f"figures in the {source}", target, int(counts.get(source, 0)))


@figure("Q23")
def _special(company: Company) -> Iterator[Row]:
    special = company["tickets"]["special"]
    yield share("tickets that need individual treatment", company.known.service.special, special.mean(), len(special))


@figure("Q38")
def _dated(company: Company) -> Iterator[Row]:
    clean, seed = company["events"], store.manifest(company.folder)["seed"]
    names = dirt.spoiled("events", clean, seed, company.known.dirt)["name"]
    dated = names[names.str.contains(r"_\d{8}$")]
    yield share(
        "events of the dirty log whose name carries a date", company.known.dirt.dated, len(dated) / len(names), len(names)
    )
    days = clean["ts"].dt.normalize().nunique()
    yield exact("days in these names, one event being one name a day", days, dated.str[-8:].nunique())


@figure("Q46")
def _around_the_clock(company: Company) -> Iterator[Row]:
    opened = company["tickets"]["opened_ts"].dt
    yield exact("hours of the day with tickets", 24, opened.hour.nunique())
    yield exact("days of the week with tickets", 7, opened.day_of_week.nunique())


@figure("Q48")
def _pillars(company: Company) -> Iterator[Row]:
    yield exact("pillars of operations in the log of actions", 4, company["ops_log"]["pillar"].nunique())
    yield exact("demand factors asked for in surveys", 8, company["surveys"].filter(like="need_").notna().any().sum())


@figure("Q52")
def _priorities(company: Company) -> Iterator[Row]:
    factors = company["touchpoints_cx"][["scope", "severity", "fixability"]]
    yield exact("factors with three levels each", 3, int((factors.nunique() == 3).sum()))
    yield exact("totals that they can have, of 27 cells", 7, int((factors.max() - factors.min()).sum()) + 1)


@figure("Q53")
def _requirements(company: Company) -> Iterator[Row]:
    audit = company["channels"].filter(like="req_")
    yield exact("requirements that tell channels apart", 4, int((audit.nunique() == 2).sum()))


@figure("Q56")
def _workflow(company: Company) -> Iterator[Row]:
    yield exact("steps of the workflow", 7, company["ops_log"]["step"].nunique())
