"""What ties users to the firm and to each other: invitations, groups, streaks, points, messages, creators."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table
from opscourse.company.tables.content import PLATFORMS

STEPS = ("sent", "opened", "registered", "activated")
ROLES = ("koc", "active", "lurker")
SOP_STEPS = ("morning_news", "live_questions")
REASONS = ("checkin", "order", "gift", "redeem", "expire")
MESSAGE_CHANNELS = ("email", "sms", "push", "wecom")
TRIGGERS = ("welcome", "newsletter", "win_back")

TABLES = (
    Table(
        "referral_codes",
        "users",
        "one user who took an invitation code on the day of registration",
        ("user_id",),
        (
            C("user_id", "int", "user", refers="users"),
            C("taken_ts", "timestamp", "when, local time"),
        ),
        scope="block",
        note="The base of the K factor: who took no code cannot invite. Many who took one never used it.",
    ),
    Table(
        "referrals",
        "users",
        "one invitation of one friend",
        ("referral_id",),
        (
            C("referral_id", "int", "invitation, in order of time", low=1),
            C("inviter_id", "int", "who invited", refers="referral_codes.user_id"),
            C("ts", "timestamp", "when the link was shared, local time; that needs no visit to the app"),
            C("invitee_id", "int", "the friend, once registered", null=True, refers="users.user_id"),
            C(
                "step",
                "str",
                "how far the friend got; activated: finished a class in the first 7 days",
                values=STEPS,
            ),
            C(
                "reward_cny",
                "float",
                "what the ladder paid the inviter for this one, the third or the fifth: `rewards` in `ledger`",
                "CNY",
                low=0,
            ),
        ),
        scope="block",
        note="Every user with an `inviter_id` is the invitee of exactly one row, by that inviter.",
    ),
    Table(
        "groups",
        "users",
        "one group of users on WeChat",
        ("group_id",),
        (
            C("group_id", "int", "group", low=1),
            C("opened", "date", "first day", refers="calendar.date"),
            C("has_sop", "bool", "has the routine (SOP): news at 9:00 each day, live questions on Wednesday at 20:00"),
            C(
                "voices_date",
                "date",
                "day of its voices meeting (心声会), the Monday after its worst week; empty: had none",
                null=True,
                refers="calendar.date",
            ),
        ),
        scope="block",
        note="A group's worst week is the calendar week (Monday to Sunday) with the lowest mean sentiment of its messages, "
        "among those with at least 20 messages that are followed by four more weeks.",
    ),
    Table(
        "group_members",
        "users",
        "one user in one group",
        ("group_id", "user_id"),
        (
            C("group_id", "int", "group", refers="groups"),
            C("user_id", "int", "member", refers="users"),
            C("role", "str", "as the team sees it: key consumer, active, reads only", values=ROLES),
            C("joined", "date", "day of joining", refers="calendar.date"),
            C("messages", "int", "messages written in all", low=0),
        ),
        scope="block",
        note="The messages of a group's members add up to those of its hours in `group_daily`.",
    ),
    Table(
        "group_daily",
        "users",
        "one group in one hour with at least one message",
        ("group_id", "ts"),
        (
            C("group_id", "int", "group", refers="groups"),
            C("ts", "timestamp", "start of the hour, local time"),
            C("messages", "int", "messages", low=1),
            C("speakers", "int", "members who wrote one", low=1),
            C("sentiment", "float", "mean sentiment of the messages", "-1 to 1", low=-1, high=1),
        ),
        scope="block",
        note="Hours without a message have no row: fill them with 0 before you take a mean over hours.",
    ),
    Table(
        "sop_log",
        "users",
        "one planned step of a group's routine",
        ("group_id", "due_ts"),
        (
            C("group_id", "int", "group", refers="groups"),
            C("step", "str", "what was planned", values=SOP_STEPS),
            C("due_ts", "timestamp", "when planned, local time"),
            C("done_ts", "timestamp", "when done; empty: left out", null=True),
        ),
        scope="block",
    ),
    Table(
        "checkins",
        "users",
        "one user who checked in (签到) on one day",
        ("user_id", "date"),
        (
            C("user_id", "int", "user", refers="users"),
            C("date", "date", "day, one of `daily_activity`", refers="calendar"),
            C("streak", "int", "check-ins in a row, this one included", low=1),
            C("badge", "bool", "the seventh in a row, which unlocks the badge"),
        ),
        scope="block",
        note="A streak counts the days on which the user came: a day of rest does not break it, a visit without check-in does.",
    ),
    Table(
        "points_ledger",
        "customers",
        "one movement of one user's points",
        ("movement_id",),
        (
            C("movement_id", "int", "movement, by user and time", low=1),
            C("user_id", "int", "user", refers="users"),
            C("date", "date", "day", refers="calendar"),
            C("delta", "int", "points; negative: used or expired", "points"),
            C("reason", "str", "why", values=REASONS),
            C("expires", "date", "last day on which points earned can be used", null=True),
        ),
        scope="block",
        note="A day is enough, so there is no time. Users redeem all they have, for extras in the app, which cost nothing, or, "
        "where pay_method is points, on the first order of that day: a point takes 0.01 CNY off it, the rest is paid in cash. "
        "Points of orders that were refunded later are struck out. There are no tiers, so nobody orders to reach one.",
    ),
    Table(
        "messages",
        "users",
        "one contact of one user by the firm",
        ("message_id",),
        (
            C("message_id", "int", "contact, by user and time", low=1),
            C("user_id", "int", "user, who had agreed to be contacted", refers="users"),
            C("ts", "timestamp", "when sent, local time"),
            C("channel", "str", "how", values=MESSAGE_CHANNELS),
            C("trigger", "str", "what led to it", values=TRIGGERS),
            C("quiet_days", "int", "days without a visit that triggered a win-back, drawn at random", null=True, low=1),
            C("variant", "str", "subject line of a newsletter, drawn at random", null=True, values=("a", "b")),
            C("holdout", "bool", "a win-back that was due and kept back at random: nothing was sent"),
            C("delivered", "bool", "arrived"),
            C("opened", "bool", "opened"),
            C("clicked", "bool", "opened, and the app opened from it that day or in the two days after"),
            C("unsubscribed", "bool", "unsubscribed by it: no message after it"),
            C("returned", "bool", "active on one of the 14 days after, as in `daily_activity`"),
            C("converted", "bool", "a paid order in the 7 days after, as in `orders`"),
        ),
        scope="block",
        note="A sample: every third user (whose id is divisible by 3), if they agreed to be contacted; all messages of each. "
        "Newsletters start 14 days after sign-up; how many a user gets in a week is drawn at random. What the tests in "
        "`experiments` sent is not in it. `ledger` has the cost of the messages to all users.",
    ),
    Table(
        "creators",
        "marketing",
        "one creator who may be hired",
        ("creator_id",),
        (
            C("creator_id", "int", "creator", low=1),
            C("platform", "str", "where", values=PLATFORMS),
            C("kind", "str", "opinion leader (KOL) or key consumer (KOC)", values=("KOL", "KOC")),
            C("tier", "str", "by followers", values=("head", "mid", "tail")),
            C("followers", "int", "followers shown", low=1),
            C("avg_likes", "int", "mean likes of the last 20 posts", low=0),
            C("quoted_fee_cny", "float", "asked for one post", "CNY", low=0),
        ),
    ),
    Table(
        "collabs",
        "marketing",
        "one post by a creator for one campaign",
        ("collab_id",),
        (
            C("collab_id", "int", "post, in order of time", low=1),
            C("creator_id", "int", "creator", refers="creators"),
            C("campaign_id", "int", "campaign on channel kol or koc", refers="campaigns"),
            C("date", "date", "day of the post", refers="calendar"),
            C("panel", "bool", "one of the panel of 20 KOCs that was published"),
            C(
                "fee_cny",
                "float",
                "paid; the fees of a campaign add up to its cost in `ad_spend_daily`, where they are spread over its days",
                "CNY",
                low=0,
            ),
            C("guaranteed_plays", "int", "plays that the contract guarantees; empty: none", null=True, low=1),
            C("plays", "int", "plays in 30 days", low=0),
            C(
                "clicks",
                "int",
                "clicks on the offer in the platform's shop, beside those to the app in `ad_spend_daily`",
                low=0,
            ),
            C("orders", "int", "orders after them, in the platform's own shop, of its own goods: not in `orders`", low=0),
            C("gmv_cny", "float", "gross value of these orders", "CNY", low=0),
            C("refunds_cny", "float", "given back of it", "CNY", low=0),
        ),
        scope="summary",
        note="What a post brought was looked up on 2025-07-31. The platform pays us 20% of its sales less what was given back: "
        "`commission` in `ledger`, in the month of the post.",
    ),
)
