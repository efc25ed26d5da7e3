"""What the app records: devices, sessions, raw events, activity by day, experiments.

`sessions` and `events` cover the raw window only (2025-03-01 to 2025-04-30); `daily_activity` covers the whole calendar.
"""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

EVENTS = (
    "app_open", "page_view", "signup_page", "signup_phone", "signup_profile", "signup_goal",
    "course_view", "class_start", "class_complete", "search",
    "product_view", "product_detail", "cart_add", "order_pay",
)  # fmt: skip
PAGES = (
    "home",
    "landing",
    "signup",
    "courses",
    "course",
    "live",
    "shop",
    "product",
    "cart",
    "checkout",
    "profile",
    "article",
)
ENTRIES = ("home", "landing", "courses", "live", "shop", "article")  # pages that a visit may start on
SYSTEMS = ("ios", "android", "web")

TABLES = (
    Table(
        "devices",
        "data",
        "one device that opened the app or the site",
        ("device_id",),
        (
            C("device_id", "int", "device", low=1),
            C("user_id", "int", "user who logged in on it; empty: nobody did", null=True, refers="users"),
            C("os", "str", "system", values=SYSTEMS),
            C("first_seen", "timestamp", "first visit from this device, local time"),
            C("login_ts", "timestamp", "first login on this device; empty: nobody did", null=True),
        ),
        scope="block",
        note="Visitors who never register appear here only if they came in the raw window.",
    ),
    Table(
        "daily_activity",
        "data",
        "one user on one day with at least one session; the day of sign-up counts",
        ("user_id", "date"),
        (
            C("user_id", "int", "user", refers="users"),
            C("date", "date", "calendar day, local time", refers="calendar"),
            C("sessions", "int", "sessions that started on this day", low=1),
            C("minutes", "int", "minutes in the app, rounded up", "minutes", low=1),
            C("classes", "int", "classes finished", low=0),
            C("features_used", "int", "different features used, of 8", low=1, high=8),
        ),
        scope="block",
    ),
    Table(
        "sessions",
        "data",
        "one visit, by a user or an unknown visitor, in the raw window",
        ("session_id",),
        (
            C("session_id", "int", "session", low=1),
            C("start_ts", "timestamp", "time of the first event, local time"),
            C("device_id", "int", "device", refers="devices"),
            C("user_id", "int", "user, if logged in", null=True, refers="users"),
            C("channel_id", "int", "channel the visit came from; empty: opened directly", null=True, refers="channels"),
            C("utm_source", "str", "UTM source", null=True),
            C("utm_medium", "str", "UTM medium", null=True),
            C("utm_campaign", "str", "UTM campaign", null=True),
            C("entry_page", "str", "first page", values=ENTRIES),
            C("exit_page", "str", "last page", values=PAGES),
            C("pages", "int", "pages seen", low=1),
            C("seconds", "int", "seconds from the first to the last event", "seconds", low=0),
            C("load_ms", "int", "time until the first page could be used", "milliseconds", low=1),
            C("abandoned", "bool", "left before the first page had loaded"),
        ),
        scope="block",
    ),
    Table(
        "events",
        "data",
        "one recorded action in the raw window",
        ("event_id",),
        (
            C("event_id", "int", "event", low=1),
            C("ts", "timestamp", "when, local time"),
            C("session_id", "int", "session", refers="sessions"),
            C("device_id", "int", "device", refers="devices"),
            C("user_id", "int", "user; empty before login", null=True, refers="users"),
            C("name", "str", "what happened", values=EVENTS),
            C("page", "str", "page it happened on", values=PAGES),
            C("content_id", "int", "course or class concerned", null=True, refers="content_items"),
            C("sku", "int", "product concerned", null=True, refers="products"),
            C("order_id", "int", "order that order_pay completed", null=True, refers="orders"),
            C("results", "int", "hits that a search returned", null=True, low=0),
            C("version", "str", "app version"),
        ),
        scope="block",
    ),
    Table(
        "experiments",
        "data",
        "one controlled test",
        ("exp_id",),
        (
            C("exp_id", "int", "test", low=1),
            C("name", "str", "short name"),
            C("unit", "str", "what was randomised", values=("visitor", "user")),
            C("metric", "str", "what `assignments.outcome` is"),
            C("start", "date", "first day"),
            C("end", "date", "last day"),
            C("arms", "int", "number of arms, control included", low=2),
            C("hypothesis", "str", "what its owner expected"),
        ),
    ),
    Table(
        "assignments",
        "data",
        "one unit in one test",
        ("exp_id", "unit_id"),
        (
            C("exp_id", "int", "test", refers="experiments"),
            C("unit_id", "int", "user_id or device_id, as `experiments.unit` says", low=1),
            C("arm", "str", "control, or the name of the treatment"),
            C("ts", "timestamp", "when assigned, local time"),
            C("outcome", "int", "1 if the metric's event happened in the test's window", low=0, high=1),
            C("value", "float", "the metric's amount, where it has one", null=True),
        ),
        scope="block",
    ),
)
