"""Content: items, their numbers on seven platforms, who watched what, live classes."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

KINDS = ("course", "live_replay", "article", "short_video", "infographic", "case", "interactive")
PLATFORMS = ("dy", "xhs", "wb", "wx", "bili", "zh", "ks")
TOPICS = ("yoga", "strength", "cardio", "stretch", "dance", "nutrition", "recovery", "family")

STYLES = ("promo", "professional", "story")
HOOKS = ("question", "benefit", "scene", "none")

_COUNTS = (
    ("impressions", "times shown"),
    ("opens", "times opened"),
    ("views", "times played or read for at least a second"),
    ("hold_3s", "views that lasted 3 seconds"),
    ("completions", "views that reached the end"),
    ("likes", "likes"),
    ("saves", "saves (收藏)"),
    ("approvals", "approvals (赞同); only on zh"),
    ("comments", "comments"),
    ("danmu", "bullet comments (弹幕); only on bili"),
    ("shares", "shares"),
    ("follows", "new followers"),
    ("clicks", "clicks to the app"),
    ("orders", "orders within a day of such a click"),
)

TABLES = (
    Table(
        "content_items",
        "content",
        "one piece of content",
        ("content_id",),
        (
            C("content_id", "int", "item", low=1),
            C("kind", "str", "form", values=KINDS),
            C(
                "source",
                "str",
                "who made it: the firm (PGC), a user (UGC), an influencer (KOL)",
                values=("PGC", "UGC", "KOL"),
            ),
            C("account", "str", "account that published it: main, or a sub-account"),
            C("topic", "str", "topic", values=TOPICS),
            C("minutes", "float", "length, or reading time", "minutes", low=0),
            C("style", "str", "style of the copy", values=STYLES),
            C("hook_type", "str", "how it opens", values=HOOKS),
            C("publish_ts", "timestamp", "when published, local time"),
            C("theme_keyword", "str", "node keyword it uses", null=True),
            C(
                "rights_until",
                "date",
                "end of the licence; empty: owned. The app goes on showing items after it: see `content_views`",
                null=True,
            ),
        ),
    ),
    Table(
        "content_daily",
        "content",
        "one item on one outside platform on one day",
        ("date", "content_id", "platform"),
        (
            C("date", "date", "day", refers="calendar"),
            C("content_id", "int", "item", refers="content_items"),
            C("platform", "str", "platform: dy, xhs, wb, wx, bili, zh or ks", values=PLATFORMS),
            *(C(name, "int", meaning, low=0) for name, meaning in _COUNTS),
        ),
        note="Counts of one row never contradict each other: completions <= hold_3s <= views <= opens <= impressions.",
    ),
    Table(
        "content_views",
        "content",
        "one user's views of one course or replay in the app",
        ("user_id", "content_id"),
        (
            C("user_id", "int", "user", refers="users"),
            C("content_id", "int", "item", refers="content_items"),
            C("first_ts", "timestamp", "first view, local time"),
            C("minutes", "float", "minutes watched in all", "minutes", low=0),
            C("share_watched", "float", "largest part of it seen in one go", low=0, high=1),
            C("liked", "bool", "liked it"),
        ),
        scope="block",
    ),
    Table(
        "live_classes",
        "content",
        "one live class (直播课)",
        ("class_id",),
        (
            C("class_id", "int", "class", low=1),
            C("coach_id", "int", "coach", low=1),
            C("start_ts", "timestamp", "start, local time"),
            C("minutes", "int", "length", "minutes", low=1),
            C("topic", "str", "topic", values=TOPICS),
            C("capacity", "int", "places", low=1),
        ),
    ),
    Table(
        "class_attendance",
        "content",
        "one user's booking of one live class",
        ("class_id", "user_id"),
        (
            C("class_id", "int", "class", refers="live_classes"),
            C("user_id", "int", "user", refers="users"),
            C("booked_ts", "timestamp", "when booked, local time"),
            C("joined_ts", "timestamp", "when joined; empty: did not come", null=True),
            C("minutes", "int", "minutes present", "minutes", low=0),
            C("ordered_24h", "bool", "a paid order within 24 hours of the class's start, as in `orders`"),
        ),
        scope="block",
    ),
)
