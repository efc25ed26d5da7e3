"""The firm's own work: people, posts, goals, claims, actions, tasks, issues, releases, decisions.

The firm is one of 140 posts whatever the number of its users; only `ticket_agents` and what follows from it grow with them.
"""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

DEPARTMENTS = ("management", "engineering", "product", "data", "marketing", "content", "service", "finance")
BANDS = 9
OPERATIONS_POSTS = ("product operations manager", "product operations", "mobile operations")
OTHER_POSTS = ("office administration", "accounting", "sales support", "warehouse planning")
SOURCES = ("essays", "slide deck", "articles", "duties essay", "plan template")
CLAIM_TYPES = ("number", "example", "assertion")
PILLARS = ("user", "content", "activity", "data")
FACETS = ("brand building", "website", "social media", "content", "data analysis", "customer service")
STEPS = ("goals", "research", "plan and promote", "monitor feedback", "platform relations", "improve", "analyse and report")
MEDIA = ("meeting", "mail", "chat", "task board")
FORMS = ("by department", "cross-functional")
METHODS = ("opinion", "trend", "comparison", "test")
APP_KINDS = ("office", "management", "crm", "brand", "sales")
AUDIENCES = ("staff", "partner", "client")
FAILURES = ("poor experience", "slow development", "built for its own sake")

TABLES = (
    Table(
        "employees",
        "management",
        "one person in one post, present or past; no names",
        ("emp_id",),
        (
            C("emp_id", "int", "person", low=1),
            C("manager_id", "int", "whom the person reports to; empty: nobody", null=True, refers="employees.emp_id"),
            C("dept", "str", "department", values=DEPARTMENTS),
            C("role", "str", "role"),
            C("opened", "date", "day on which the post was opened"),
            C("start", "date", "first day of work"),
            C("end", "date", "last day of work; empty: still here on 2025-06-30", null=True),
            C("trained", "bool", "went through the training, in the first month"),
            C("salary_band", "int", "1 lowest, 9 highest", low=1, high=BANDS),
        ),
        note="Whoever leads others is still here, so the tree has no holes: study leaving among the others. The firm has "
        "140 posts, whatever the number of its users; its teams work in shifts, seven days a week. Coaches of live classes are "
        "paid by the class and not among these: `live_classes.coach_id` is no emp_id.",
    ),
    Table(
        "job_ads",
        "foundations",
        "one advertised post, in any firm",
        ("ad_id",),
        (
            C("ad_id", "int", "advert", low=1),
            C("year", "int", "year of the advert", low=2018, high=2024),
            C("role", "str", "post", values=OPERATIONS_POSTS + OTHER_POSTS),
            C("operations", "bool", "an operations post"),
            C("city_tier", "int", "city tier, 1 is the largest", low=1, high=4),
            C("years", "int", "years of experience asked for", "years", low=0, high=12),
            C("skills", "str", "skills asked for, separated by semicolons"),
            C("salary_kcny", "float", "pay a month, in prices of 2024", "thousand CNY", low=0),
        ),
    ),
    Table(
        "goals",
        "foundations",
        "one goal of the firm, as it was written down",
        ("goal_id",),
        (
            C("goal_id", "int", "goal", low=1),
            C("text", "str", "what was written"),
            C("metric", "str", "the metric it names", null=True),
            C("baseline", "float", "the metric's value when the goal was set", "as the metric", null=True),
            C("target", "float", "the value to reach", "as the metric", null=True),
            C("set_on", "date", "when it was set"),
            C("horizon_months", "int", "months from then to the due date", "months", null=True, low=1, high=72),
            C("due", "date", "due date", null=True),
            C("owner_id", "int", "who answers for it", null=True, refers="employees.emp_id"),
        ),
    ),
    Table(
        "claims",
        "foundations",
        "one claim of the course's source documents, in our words, coded by hand",
        ("claim_id",),
        (
            C("claim_id", "int", "claim", low=1),
            C("source", "str", "document it is from", values=SOURCES),
            C("topic", "str", "what it is about"),
            C("claim", "str", "what is claimed"),
            C("type", "str", "evidence given for it, by the first reader", values=CLAIM_TYPES),
            C("second_reader", "str", "the same by a second reader, who did not know the first one's code", values=CLAIM_TYPES),
            C("measurable_form", "str", "measure that would decide it; empty: none was found", null=True),
        ),
        note="The same claims in every company; only the second reader's codes differ. `type` is number for a figure that "
        "could be true or false, not for a count of headings.",
    ),
    Table(
        "ops_log",
        "foundations",
        "one action of operations work: one step of one project",
        ("action_id",),
        (
            C("action_id", "int", "action", low=1),
            C("project_id", "int", "piece of work it belongs to", low=1),
            C("ts", "timestamp", "when it began, local time"),
            C("step", "int", "step of the workflow: " + ", ".join(f"{k} {s}" for k, s in enumerate(STEPS, 1)), low=1, high=7),
            C("owner_role", "str", "role that did it"),
            C("facet", "str", "facet of online operation; empty: internal work", values=FACETS, null=True),
            C("pillar", "str", "pillar of operations; empty: in none of the four", values=PILLARS, null=True),
            C("label", "str", "operations in the broad or narrow sense, or neither", values=("broad", "narrow", "neither")),
            C(
                "goal_id",
                "int",
                "goal it serves, if it names one; not yet due when the project began",
                null=True,
                refers="goals",
            ),
            C("serves_users", "bool", "of use to users"),
            C("serves_firm", "bool", "of use to the firm's targets"),
            C("hours", "float", "working time", "hours", low=0),
            C("cost_cny", "float", "working time and what was bought; advertising is in `ad_spend_daily`", "CNY", low=0),
            C("bought_cny", "float", "of this, bought: `materials` in `ledger`", "CNY", low=0),
            C(
                "margin_cny",
                "float",
                "margin that the analysis credits to the project; only its step 7 has one",
                "CNY",
                null=True,
            ),
            C("triggered_by_metric_ts", "timestamp", "when the metric shifted that this reacts to", null=True),
        ),
        note="A reaction is to one of the days on which something else happened (an outage, a wave of scripts, another firm's "
        "campaign, a wrong price): those days show in `daily_activity`.",
    ),
    Table(
        "handoffs",
        "management",
        "one leg of a task: handed by one department to another, waiting there, then worked on",
        ("task_id", "leg"),
        (
            C("task_id", "int", "task", low=1),
            C("leg", "int", "leg of the task", low=1),
            C("from_dept", "str", "department that asks", values=DEPARTMENTS[1:]),
            C("to_dept", "str", "department that is asked", values=DEPARTMENTS[1:]),
            C("medium", "str", "how it was asked", values=MEDIA),
            C("team_form", "str", "who works on the task", values=FORMS),
            C("asked_ts", "timestamp", "when it was asked, local time"),
            C("started_ts", "timestamp", "when work on it began"),
            C("done_ts", "timestamp", "when it was done, which is when the next leg is asked"),
        ),
    ),
    Table(
        "rnd_issues",
        "product",
        "one issue of the development teams",
        ("issue_id",),
        (
            C("issue_id", "int", "issue", low=1),
            C("team", "int", "team", low=1, high=6),
            C("team_form", "str", "teams 1 to 3 are project teams, 4 to 6 work by department", values=FORMS),
            C("source", "str", "who asked for it", values=("feedback", "data", "sales", "idea", "fault")),
            C("tp_id", "int", "touchpoint it is about", refers="touchpoints_cx"),
            C("size", "int", "size that the team estimated", "points", low=1, high=8),
            C("explore", "bool", "tries something new; otherwise improves what is there"),
            C("has_mrd", "bool", "market requirements were written (MRD)"),
            C("has_prd", "bool", "product requirements were written (PRD)"),
            C("has_usability", "bool", "a usability test was reported"),
            C("created_ts", "timestamp", "when it was asked for, local time"),
            C("started_ts", "timestamp", "when work began; empty: not yet", null=True),
            C("done_ts", "timestamp", "when it was finished; empty: not yet", null=True),
            C("work_days", "float", "working time on it alone", "days", low=0),
            C("needs_changed", "bool", "when finished, nobody needed it any more: thrown away"),
            C("version", "str", "release it went out with; empty: in none", null=True, refers="app_versions"),
            C("defect", "bool", "a defect was found after the release; empty: not released", null=True),
            C("verified", "bool", "somebody checked that it solved what it should; empty: not released", null=True),
            C("reopened", "bool", "came back later; empty: not released", null=True),
            C("gain_kcny", "float", "margin of its first quarter; empty: not released", "thousand CNY", null=True),
        ),
        note="A team divides its time into as many parts as it may have issues in work, and starts one when a part is free.",
    ),
    Table(
        "issue_feedback",
        "product",
        "one message from a user that an issue answers",
        ("feedback_id",),
        (
            C("feedback_id", "int", "message", refers="feedback"),
            C("issue_id", "int", "issue", refers="rnd_issues"),
        ),
        scope="block",
        note="The issue is about the same touchpoint, was created within three weeks of the message and, if the message was "
        "marked as solved, was finished before that. Messages without a row here led to no issue.",
    ),
    Table(
        "app_versions",
        "product",
        "one release of the app",
        ("version",),
        (
            C("version", "str", "version, as in `events.version`"),
            C("commit_ts", "timestamp", "when work on it began, local time"),
            C("release_ts", "timestamp", "when it was in the stores; at least a night before its first use"),
            C("kind", "str", "kind", values=("feature", "fix")),
            C("automated_tests", "bool", "tested by machine"),
            C("test_hours", "float", "hours of testing by people", "hours", low=0),
            C("issues", "int", "issues that went out with it", low=0),
            C("crash_rate", "float", "sessions that crash", low=0, high=1),
            C("rolled_back", "bool", "taken back, repaired and released again"),
            C("restored_ts", "timestamp", "when all was well again; empty: nothing had to be restored", null=True),
        ),
        note="Work on the next release goes on while one is in the stores. `crash_rate` counts the first day of a release.",
    ),
    Table(
        "decisions",
        "data",
        "one decision of the firm, as it was registered",
        ("decision_id",),
        (
            C("decision_id", "int", "decision", low=1),
            C("ts", "timestamp", "when, local time"),
            C("question", "str", "what was to be decided"),
            C("method", "str", "what it rested on", values=METHODS),
            C("exp_id", "int", "the test it rested on, if it did", null=True, refers="experiments"),
            C("choice", "str", "what was chosen", values=("do it", "leave it")),
            C("window_start", "date", "first of the 28 days of data that were looked at", refers="calendar.date"),
            C("dau_mean", "float", "mean of daily active users in them, as it was read", "users", low=0),
            C("data_hash", "str", "sha256, first 16 digits, of these 28 numbers of users, joined by commas"),
            C("outcome", "str", "what became of it", values=("better", "same", "worse")),
        ),
        scope="summary",
        note="A decision that can be made again from the data has the hash of the data: those where somebody counted on other "
        "data (the count of one day differs) have another one.",
    ),
    Table(
        "enterprise_apps",
        "product",
        "one app of a firm that is no internet firm",
        ("app_id",),
        (
            C("app_id", "int", "app", low=1),
            C("industry", "str", "industry", values=("factory", "bank", "retail chain", "transport", "hospital", "energy")),
            C("audience", "str", "whom it is for", values=AUDIENCES),
            C("kind", "str", "kind", values=APP_KINDS),
            C("load_ms", "int", "time until the first page can be used", "milliseconds", low=1),
            C("release_interval_days", "int", "mean time between two releases", "days", low=1),
            C("has_clear_job", "bool", "it does one job that its audience has"),
            C("outsourced", "bool", "another firm built it"),
            C("build_kcny", "float", "cost of building it", "thousand CNY", low=0),
            C("yearly_kcny", "float", "cost of running it for a year", "thousand CNY", low=0),
            C("installed", "int", "people who installed it", "people", low=1),
            C("active_rate", "float", "share of them who opened it last month", low=0, high=1),
            C("failure", "str", "why it is not used, where it was given up", values=FAILURES, null=True),
        ),
    ),
    Table(
        "ticket_agents",
        "customers",
        "one ticket that a person answered",
        ("ticket_id",),
        (
            C("ticket_id", "int", "ticket", refers="tickets"),
            C("emp_id", "int", "the service agent who answered first", refers="employees"),
            C("difficulty", "int", "1 easy, 3 hard; judged when the ticket came in", low=1, high=3),
        ),
        scope="block",
        note="It adds two columns to `tickets`: join on `ticket_id`. Tickets that the bot answered alone are not in it.",
    ),
)
