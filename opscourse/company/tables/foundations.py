"""Tables that every area joins to: days and places."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

TIERS = ("international", "solar_term", "shopping", "niche", "consumer", "traditional")

TABLES = (
    Table(
        "calendar",
        "foundations",
        "one day from 2024-01-01 to 2025-06-30",
        ("date",),
        (
            C("date", "date", "the day, local time (Asia/Shanghai)"),
            C("dow", "int", "day of the week, Monday is 0", low=0, high=6),
            C("is_workday", "bool", "a working day, made-up working weekends included"),
            C("is_holiday", "bool", "a public holiday"),
            C("node", "str", "marketing node (营销节点) that falls on this day", null=True),
            C("node_tier", "str", "kind of node", values=TIERS, null=True),
            C("node_naive", "str", "the node if every node had a fixed date: wrong for lunar festivals", null=True),
            C("lunar_month", "int", "month of the Chinese lunar calendar", low=1, high=12),
            C("lunar_day", "int", "day of the lunar month", low=1, high=30),
            C("theme_keyword", "str", "keyword that content of this node uses", null=True),
            C("search_index", "float", "public search interest in home fitness", "index points", low=0),
            C("season_factor", "float", "what the season does to demand; its mean is 1", "factor", low=0),
        ),
    ),
    Table(
        "cities",
        "foundations",
        "one city",
        ("city_id",),
        (
            C("city_id", "int", "city", low=1),
            C("city", "str", "invented name"),
            C("tier", "int", "city tier, 1 is the largest", low=1, high=4),
            C("population", "int", "inhabitants", "people", low=1),
            C("quality_probed", "bool", "probed by the quality programme (12 of 40)"),
            C("quality_treated", "bool", "got the new quality system between the two waves (4 of the 12)"),
            C("checkout_treated", "bool", "got the new checkout on 2025-04-01; the other cities did not"),
            C("offline_campaign", "bool", "had posters and events in spring 2025"),
        ),
    ),
)
