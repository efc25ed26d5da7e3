"""Channels, campaigns, what they cost and whom they touched."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

FAMILIES = (
    "search", "social", "store", "kol", "referral", "email", "wechat", "offline", "affiliate", "partner", "qa", "organic",
)  # fmt: skip

TABLES = (
    Table(
        "channels",
        "marketing",
        "one channel through which users come",
        ("channel_id",),
        (
            C("channel_id", "int", "channel", low=1),
            C("channel", "str", "name"),
            C("family", "str", "family", values=FAMILIES),
            C("paid", "bool", "costs money for each contact"),
            C("start_date", "date", "first day in use"),
            C("req_shown", "bool", "audit: the offer is shown"),
            C("req_consistent", "bool", "audit: the same message as elsewhere"),
            C("req_price_clear", "bool", "audit: the price is clear"),
            C("req_smooth", "bool", "audit: the step to sign-up is smooth"),
        ),
    ),
    Table(
        "campaigns",
        "marketing",
        "one paid campaign on one channel",
        ("campaign_id",),
        (
            C("campaign_id", "int", "campaign", low=1),
            C("channel_id", "int", "channel", refers="channels"),
            C("objective", "str", "aim", values=("acquire", "activate", "retain", "brand")),
            C("kind", "str", "promotion (now) or marketing (later)", values=("promotion", "marketing")),
            C("start", "date", "first day"),
            C("end", "date", "last day"),
            C("budget_cny", "float", "planned spend", "CNY", low=0),
            C("utm_source", "str", "UTM source"),
            C("utm_medium", "str", "UTM medium"),
            C("utm_campaign", "str", "UTM campaign"),
            C("intrusive", "bool", "pop-ups, full-screen or repeated push"),
        ),
    ),
    Table(
        "ad_spend_daily",
        "marketing",
        "one campaign on one day it ran",
        ("date", "campaign_id"),
        (
            C("date", "date", "day", refers="calendar"),
            C("campaign_id", "int", "campaign", refers="campaigns"),
            C("channel_id", "int", "its channel", refers="channels"),
            C("impressions", "int", "times shown", low=0),
            C("clicks", "int", "clicks", low=0),
            C("installs", "int", "installs or first visits by new devices", low=0),
            C("signups", "int", "users who registered, as in `users`", low=0),
            C("cost_cny", "float", "spend", "CNY", low=0),
        ),
        scope="summary",
    ),
    Table(
        "marketing_touches",
        "marketing",
        "one contact of one device with one channel, in the raw window",
        ("touch_id",),
        (
            C("touch_id", "int", "contact", low=1),
            C("ts", "timestamp", "when, local time"),
            C("device_id", "int", "device", refers="devices"),
            C("user_id", "int", "user, if known then or later", null=True, refers="users"),
            C("channel_id", "int", "channel", refers="channels"),
            C("campaign_id", "int", "campaign, if paid", null=True, refers="campaigns"),
            C("utm", "str", "the tag as it arrived", null=True),
            C("kind", "str", "seen or clicked", values=("view", "click")),
            C(
                "converted_order_id",
                "int",
                "first order within 7 days of the contact",
                null=True,
                refers="orders.order_id",
            ),
        ),
        scope="block",
    ),
)
