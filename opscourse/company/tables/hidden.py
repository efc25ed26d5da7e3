"""What only the simulator knows, written beside the company in `truth/`: read by `truth("people")`, never by `load`."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table
from opscourse.company.tables.content import PLATFORMS as PLATFORM_NAMES
from opscourse.company.tables.content import TOPICS
from opscourse.company.tables.money import HIDDEN as MONEY
from opscourse.company.tables.work import DEPARTMENTS as DEPARTMENT_NAMES

__all__ = ["HIDDEN", "PEOPLE"]

PEOPLE = Table(
    "people",
    "users",
    "one registered user, as only the simulator knows them",
    ("user_id",),
    (
        C("user_id", "int", "user", low=1),
        C("persona", "str", "hidden kind of user", values=("committed", "busy", "bargain", "social")),
        C("dropout", "float", "probability of leaving for good on any day", low=0, high=1),
        C("last_alive", "date", "last day on which the user could have come; may lie after the calendar's end"),
        C("price_elasticity", "float", "relative change of demand for a relative change of the price", high=0),
        C("order_rate", "float", "orders on a day of activity, relative to the persona's mean", low=0),
        *(C(f"taste_{topic}", "float", f"share of {topic} in what the user likes", low=0, high=1) for topic in TOPICS),
    ),
    scope="block",
)

TOUCHPOINTS = Table(
    "touchpoints",
    "product",
    "one touchpoint, as its users feel it",
    ("tp_id",),
    (
        C("tp_id", "int", "touchpoint", refers="touchpoints_cx"),
        C("pain", "bool", "a true pain point"),
        C("green_but_hated", "bool", "a pain point that passes nearly every probe"),
        C("score", "float", "true experience score, without error of measurement", "points of 100", low=0, high=100),
        C("csat", "float", "true mean satisfaction of a user of average mood", "points of 5", low=1, high=5),
        C("failure", "float", "share of failed probes, relative to the mean of all touchpoints", "factor", low=0),
    ),
)
EXPERIMENTS = Table(
    "experiments",
    "data",
    "one arm of one test",
    ("exp_id", "arm"),
    (
        C("exp_id", "int", "test", refers="experiments"),
        C("name", "str", "short name of the test"),
        C("arm", "str", "control, or the name of the treatment"),
        C("lift", "float", "true effect on the metric's probability, relative to control", null=True),
        C("points", "float", "true difference to control, of the test whose effect is one of points", null=True),
        C("planned", "float", "share of units that the arm was meant to get", low=0, high=1),
        C("real", "float", "share of units that it gets", low=0, high=1),
    ),
)
CHANNELS = Table(
    "channels",
    "marketing",
    "one channel, as it works",
    ("channel_id",),
    (
        C("channel_id", "int", "channel", refers="channels"),
        C("channel", "str", "name"),
        C("share", "float", "share of all sign-ups, by last click", low=0, high=1),
        C("incremental", "float", "share of its sign-ups that would not have come without it", low=0, high=1),
        C("cost_per_signup", "float", "spend a sign-up at the average spend; 0: not paid", "CNY", low=0),
        C("exponent", "float", "sign-ups grow as spend to this power", low=0, high=1),
        C("early", "float", "orders of its users in their first 30 days, relative to the average", "factor", low=0),
        C("later", "float", "orders of its users after that, relative to the average", "factor", low=0),
    ),
)
CONTENT = Table(
    "content",
    "content",
    "one piece of content, as it is",
    ("content_id",),
    (
        C("content_id", "int", "item", refers="content_items"),
        C("quality", "float", "what makes viewers stay, in log-odds of finishing"),
        C("reaction", "float", "what makes them like and comment, in logarithms"),
        C("saving", "float", "what makes them save, in logarithms"),
        C("luck", "float", "what else makes it shown, in logarithms"),
    ),
)
PLATFORMS = Table(
    "platforms",
    "content",
    "one outside platform, as it works",
    ("platform",),
    (
        C("platform", "str", "platform", values=PLATFORM_NAMES),
        C("reach", "float", "impressions of a typical item on its first day, at 20,000 users", low=0),
        C("best_minutes", "float", "length that it shows most", "minutes", low=0),
        C("completion", "float", "weight of completion in what it shows", low=0),
        C("reaction", "float", "weight of likes and comments", low=0),
        C("saving", "float", "weight of saves", low=0),
    ),
)
CREATORS = Table(
    "creators",
    "marketing",
    "one creator, as they are",
    ("creator_id",),
    (
        C("creator_id", "int", "creator", refers="creators"),
        C("fake_share", "float", "share of followers that were bought", low=0, high=1),
        C("conversion", "float", "orders a click", low=0, high=1),
    ),
)

RISKS = Table(
    "risks",
    "management",
    "one risk, as it is",
    ("risk_id",),
    (
        C("risk_id", "int", "risk", refers="risk_register"),
        C("events_per_year", "float", "true mean number of events a year", low=0),
        C("mean_loss_cny", "float", "mean loss of one event", "CNY", low=0),
        C("yearly_loss_cny", "float", "expected loss a year", "CNY", low=0),
    ),
)
CRISES = Table(
    "crises",
    "management",
    "one crisis",
    ("crisis_id",),
    (
        C("crisis_id", "int", "crisis", low=1),
        C("onset_ts", "timestamp", "its first hour", refers="mentions_hourly.ts"),
        C("cause", "str", "what it was about"),
        C("response_h", "int", "time until the company answered", "hours", low=0),
        C("apology", "bool", "the answer was an apology"),
        C("posts", "float", "expected negative posts in all", low=0),
        C("posts_unanswered", "float", "the same if the company had never answered", low=0),
    ),
)
REVIEWS = Table(
    "reviews_felt",
    "promotion",
    "one review, as its writer feels",
    ("review_id",),
    (
        C("review_id", "int", "review", refers="reviews"),
        C("felt", "int", "stars without a reward", low=1, high=5),
    ),
    scope="block",
)

AGENTS = Table(
    "agents",
    "management",
    "one service agent, as they are",
    ("emp_id",),
    (
        C("emp_id", "int", "agent", refers="employees"),
        C(
            "csat",
            "float",
            "true satisfaction with their answers, relative to the mean agent, cases being equal",
            "points of 5",
        ),
        C("hard", "float", "log-odds by which they rather get a ticket that is one step harder"),
    ),
)
DEPARTMENTS = Table(
    "departments",
    "management",
    "one department, as work passes through it",
    ("dept",),
    (
        C("dept", "str", "department", values=DEPARTMENT_NAMES[1:]),
        C("bridge", "bool", "joins the others: no task gets from one half of the firm to the other without it"),
        C("waiting", "float", "how long tasks wait there, relative to the other departments", "factor", low=0),
    ),
)

_ALL = (
    PEOPLE,
    TOUCHPOINTS,
    EXPERIMENTS,
    CHANNELS,
    CONTENT,
    PLATFORMS,
    RISKS,
    CRISES,
    REVIEWS,
    AGENTS,
    DEPARTMENTS,
    *MONEY,
    CREATORS,
)
HIDDEN = {table.name: table for table in _ALL}  # each is made by the builder "_truth_<name>"
