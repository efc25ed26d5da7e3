"""Experience and quality: touchpoints, probes, what users report."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

STAGES = ("awareness", "acquisition", "use", "billing", "unsubscribe")
TYPES = ("bug", "speed", "content", "price", "service", "idea", "praise")

TABLES = (
    Table(
        "touchpoints_cx",
        "product",
        "one touchpoint between the company and its users",
        ("tp_id",),
        (
            C("tp_id", "int", "touchpoint", low=1, high=46),
            C("touchpoint", "str", "name"),
            C("stage", "str", "stage of the journey", values=STAGES),
            C("traffic", "int", "users who met it in May 2025", "users", low=0),
            C("weight", "float", "weight inside its stage; sums to 1", low=0, high=1),
            C("target", "float", "score that the team promised", "points of 100", low=0, high=100),
            C("score", "float", "measured experience score, May 2025", "points of 100", low=0, high=100),
            C("expert1", "str", "judgement of the first expert", values=("pain", "fine")),
            C("expert2", "str", "judgement of the second expert", values=("pain", "fine")),
            C("scope", "int", "how many users are hit: 1 few, 3 most", low=1, high=3),
            C("severity", "int", "how bad it is: 1 slight, 3 severe", low=1, high=3),
            C("fixability", "int", "how easily it is fixed: 1 hard, 3 easy", low=1, high=3),
        ),
    ),
    Table(
        "dial_tests",
        "product",
        "one probe (拨测) of one touchpoint in one city",
        ("probe_id",),
        (
            C("probe_id", "int", "probe", low=1),
            C("date", "date", "day", refers="calendar"),
            C(
                "wave",
                "int",
                "1 or 2 for the two published waves; empty for the daily series",
                null=True,
                low=1,
                high=2,
            ),
            C("tp_id", "int", "touchpoint", refers="touchpoints_cx"),
            C("city_id", "int", "city", refers="cities"),
            C("passed", "bool", "met the standard"),
        ),
    ),
    Table(
        "feedback",
        "product",
        "one message from a user about the product",
        ("feedback_id",),
        (
            C("feedback_id", "int", "message", low=1),
            C("user_id", "int", "who wrote", refers="users"),
            C("ts", "timestamp", "when, local time"),
            C("entry", "str", "where it was written", values=("in_app", "site", "mail", "social", "forum")),
            C("text", "str", "what was written"),
            C("type", "str", "label given by hand", values=TYPES),
            C("severity", "int", "1 slight, 3 severe", low=1, high=3),
            C("scope", "int", "1 only me, 3 everybody", low=1, high=3),
            C("tp_id", "int", "touchpoint it is about", refers="touchpoints_cx"),
            C("dup_of", "int", "earlier message that says the same", null=True, refers="feedback.feedback_id"),
            C("told_user", "bool", "the user was told what became of it"),
            C("closed_ts", "timestamp", "when it was marked as solved; empty: still open", null=True),
        ),
        scope="block",
    ),
)
