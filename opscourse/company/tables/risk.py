"""What can go wrong and what did: risks, incidents, backups, rights, public talk."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

__all__ = ["INCIDENT_TYPES", "LEVELS", "OWNERS", "RISK_KINDS", "TABLES"]

RISK_KINDS = ("technology", "security", "legal", "money", "people", "supply", "market", "reputation")
OWNERS = ("management", "engineering", "product", "content", "marketing", "service", "finance")
INCIDENT_TYPES = ("tracking", "bots", "price_error", "payment", "video", "login", "release", "partner", "phishing", "data_loss")
LEVELS = ("read", "write", "admin")

TABLES = (
    Table(
        "risk_register",
        "management",
        "one risk",
        ("risk_id",),
        (
            C("risk_id", "int", "risk", low=1),
            C("risk", "str", "what may happen"),
            C("kind", "str", "kind", values=RISK_KINDS),
            C(
                "incident_type",
                "str",
                "type of the incidents that are this risk come true, if they are logged",
                null=True,
                values=INCIDENT_TYPES,
            ),
            C("likelihood_class", "int", "the committee's class of likelihood, 5 is the likeliest", low=1, high=5),
            C("impact_class", "int", "the committee's class of impact, 5 is the worst", low=1, high=5),
            C("events_per_year", "float", "expected events a year", low=0),
            C("loss_low_cny", "float", "one event in twenty costs less than this", "CNY", low=0),
            C("loss_high_cny", "float", "one event in twenty costs more than this", "CNY", low=0),
            C("owner", "str", "department that answers for it, as in `employees`", values=OWNERS),
        ),
        note="The number of events in a year is Poisson, the loss of one event log-normal. A frequency, not the probability of "
        "one event at most, because some of these risks come true several times a year.",
    ),
    Table(
        "incidents",
        "management",
        "one incident",
        ("incident_id",),
        (
            C("incident_id", "int", "incident", low=1),
            C("risk_id", "int", "the risk that came true", refers="risk_register"),
            C("type", "str", "what failed", values=INCIDENT_TYPES),
            C("started_ts", "timestamp", "when it began, local time"),
            C("detected_ts", "timestamp", "when it was noticed"),
            C("responded_ts", "timestamp", "when somebody began to work on it"),
            C("recovered_ts", "timestamp", "when all worked again"),
            C("users_hit", "int", "users who noticed something", low=0),
        ),
        note="The days on which tracking was down, scripts opened visits or a product had a wrong price are among these, and "
        "every release of `app_versions` that was taken back; other faulty releases were repaired as they were. What the wrong "
        "price was is in no table: `order_items` has list prices. Public talk follows each of them, tickets only their month.",
    ),
    Table(
        "backups",
        "management",
        "one nightly backup",
        ("date",),
        (
            C("date", "date", "night", refers="calendar"),
            C("taken_ts", "timestamp", "when it was finished, local time"),
            C("ok", "bool", "the backup says that it is complete"),
            C(
                "rpo_h",
                "float",
                "time since the usable backup before it: the work that a loss just before it would have cost",
                "hours",
                low=0,
            ),
            C("restored_test_ts", "timestamp", "when restoring it was rehearsed, if it was", null=True),
            C("restored_ok", "bool", "whether the rehearsal worked", null=True),
            C("rto_h", "float", "time that the rehearsal took until all worked again", "hours", null=True, low=0),
        ),
        note="The promise to customers: at most 25 hours of work are lost, and all works again within 4 hours.",
    ),
    Table(
        "role_grants",
        "management",
        "one right of one role on one resource",
        ("role", "resource"),
        (
            C("role", "str", "role in the access system"),
            C("resource", "str", "system or data"),
            C("level", "str", "highest level allowed: each includes those before it", values=LEVELS),
            C("mfa_required", "bool", "only with a second factor"),
        ),
    ),
    Table(
        "access_log",
        "management",
        "one access with one login to one resource, in the audited quarter",
        ("access_id",),
        (
            C("access_id", "int", "access", low=1),
            C("ts", "timestamp", "when, local time"),
            C("login_id", "int", "login of somebody who works here or for us; not an emp_id", low=1),
            C("role", "str", "role of the login"),
            C("resource", "str", "system or data"),
            C("level", "str", "level asked for", values=LEVELS),
            C("mfa", "bool", "with a second factor"),
            C("allowed", "bool", "the system let it through"),
        ),
        note="Each login has one role; it is a role in the access system, not a job.",
    ),
    Table(
        "phishing_drills",
        "management",
        "one login in one drill with a false mail",
        ("drill", "login_id"),
        (
            C("drill", "int", "drill", low=1),
            C("date", "date", "day", refers="calendar"),
            C("login_id", "int", "login of somebody who works here or for us; not an emp_id", low=1),
            C("clicked", "bool", "clicked on the link"),
            C("reported", "bool", "reported the mail"),
        ),
    ),
    Table(
        "mentions_hourly",
        "management",
        "one hour",
        ("ts",),
        (
            C("ts", "timestamp", "first moment of the hour, local time"),
            C("positive", "int", "positive posts about the company, on all platforms", low=0),
            C("neutral", "int", "neutral posts", low=0),
            C("negative", "int", "negative posts", low=0),
            C("crisis_true", "bool", "labelled afterwards: the hour belongs to a crisis"),
        ),
        note="All platforms together: the hour is the key.",
    ),
)
