"""What surrounds the company: rivals, markets, history, app stores, ad auctions, creatives."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table
from opscourse.company.tables.content import HOOKS, STYLES

__all__ = ["FEATURES", "FIRMS", "FORMATS", "MARKETS", "SEGMENTS", "STORES", "TABLES"]

FIRMS = ("Jiadong", "X", "Y", "Z")
FEATURES = (
    "scheduling", "tracking", "variety", "coaching", "community", "family", "offline", "live_classes", "shop", "watch", "music",
    "challenges",
)  # fmt: skip
MARKETS = ("home", "Avaria", "Belisto", "Corvany", "Dormund", "Estrava", "Fenlund", "Galora", "Hestia")
STORES = ("ios", "android_a", "android_b", "android_c")
FORMATS = ("banner", "feed_video", "component", "rich_media", "popup", "search_text")
SEGMENTS = ("retargeted", "lookalike", "interest", "local", "broad")

TABLES = (
    Table(
        "competitors",
        "product",
        "one firm in one quarter",
        ("firm", "quarter"),
        (
            C("firm", "str", "Jiadong or a rival", values=FIRMS),
            C("quarter", "str", "quarter, like 2024Q1"),
            C("share", "float", "share of the home market's revenue; Jiadong: sales of orders and memberships", low=0, high=1),
            C("d1", "float", "share of new users who are active on exactly day 1", low=0, high=1),
            C("d7", "float", "the same on day 7", low=0, high=1),
            C("d30", "float", "the same on day 30", low=0, high=1),
            C("price_month_cny", "float", "mean price of a month, as in `competitor_prices`", "CNY", low=0),
            C("load_ms", "int", "median time until the first page can be used", "ms", low=1),
            *(C(f"f_{name}", "bool", f"offers {name.replace('_', ' ')}") for name in FEATURES),
            C(
                "rating",
                "float",
                "mean stars on show in the app stores at the end of the quarter",
                "stars",
                null=True,
                low=1,
                high=5,
            ),
        ),
        scope="summary",
        note="Rivals as an analyst of the market reports them; their retention differs by firm, its mean is that of the three.",
    ),
    Table(
        "competitor_prices",
        "marketing",
        "one firm in one week",
        ("week", "firm"),
        (
            C("week", "date", "Monday of the week", refers="calendar.date"),
            C("firm", "str", "Jiadong or a rival", values=FIRMS),
            C("price_month_cny", "float", "price of a month on show", "CNY", low=0),
        ),
    ),
    Table(
        "markets",
        "product",
        "one market in one year",
        ("market", "year"),
        (
            C("market", "str", "home, or an invented country", values=MARKETS),
            C("year", "int", "year", low=2023, high=2028),
            C("forecast", "bool", "not observed yet"),
            C("population_m", "float", "people who could take part", "million", low=0),
            C("penetration", "float", "share of them who do", low=0, high=1),
            C("spend_usd", "float", "spend per participant and year", "USD", low=0),
            C("size_usd_m", "float", "market: population times penetration times spend", "million USD", low=0),
            C("price_elasticity", "float", "relative change of demand for a relative change of the price", high=0),
            C("tax", "float", "tax on revenue", low=0, high=1),
            C("local_law_cost_usd_m", "float", "yearly cost of complying with local law; 0 at home", "million USD", low=0),
            C("language_cost_usd_m", "float", "cost of translation, once; 0 at home", "million USD", low=0),
        ),
        note="The countries and all their figures are invented. A USD is 7.20 CNY.",
    ),
    Table(
        "netizens_stylised",
        "foundations",
        "one year from 1994 to 2024",
        ("year",),
        (
            C("year", "int", "year", low=1994, high=2024),
            C("users_m", "float", "internet users", "million", low=0),
            C("minutes_per_day", "float", "time online of a user and day", "minutes", low=0),
        ),
        note="Stylised, not statistics: a curve of the right shape.",
    ),
    Table(
        "reviews",
        "promotion",
        "one review in an app store",
        ("review_id",),
        (
            C("review_id", "int", "review", low=1),
            C("ts", "timestamp", "when, local time"),
            C("store", "str", "store", values=STORES),
            C("stars", "int", "stars", low=1, high=5),
            C("incentivised", "bool", "written for a reward"),
            C("refund_later", "bool", "the writer asked for money back within 90 days; looked up on 2025-09-30"),
        ),
        scope="block",
        note="Stores tell no user ids: reviews cannot be joined to `users`.",
    ),
    Table(
        "store_daily",
        "promotion",
        "one app store on one day",
        ("date", "store"),
        (
            C("date", "date", "day", refers="calendar"),
            C("store", "str", "store", values=STORES),
            C("keyword_rank", "int", "place of the app when one searches for home fitness", low=1),
            C("impressions", "int", "times shown in searches and lists", low=0),
            C("page_views", "int", "views of the app's page that came from them", low=0),
            C("installs", "int", "installs that came from them", low=0),
            C(
                "ad_installs",
                "int",
                "installs after an ad in the store, beside these; all stores add up to `ad_spend_daily`",
                low=0,
            ),
            C(
                "rating_mean",
                "float",
                "stars on show at the end of the day: mean of all `reviews` so far",
                "stars",
                null=True,
                low=1,
                high=5,
            ),
            C("rating_n", "int", "number of these reviews", low=0),
            C("featured", "bool", "placed by the store's editors"),
            C("title_version", "int", "title of the listing", low=1, high=2),
        ),
        scope="summary",
        note="Counted by the store: whoever searched for the app after seeing it elsewhere counts here, and is credited to the "
        "other channel in `users`.",
    ),
    Table(
        "ad_auctions",
        "marketing",
        "one auction of one impression in which we bid",
        ("auction_id",),
        (
            C("auction_id", "int", "auction", low=1),
            C("ts", "timestamp", "when, local time"),
            C("segment", "str", "audience", values=SEGMENTS),
            C("pctr", "float", "predicted probability of a click", low=0, high=1),
            C("pcvr", "float", "predicted probability that a click converts", low=0, high=1),
            C("value_cny", "float", "worth of a conversion", "CNY", low=0),
            C("bid", "float", "our bid: predicted click times predicted conversion times worth", "CNY", low=0),
            C("second_price", "float", "highest bid of the others: what a won auction costs", "CNY", low=0),
            C("won", "bool", "our bid was higher"),
            C("clicked", "bool", "shown and clicked"),
            C("converted", "bool", "clicked and converted"),
        ),
        note="A trial of own bidding on an exchange in the raw window; its cost is not in `ad_spend_daily`: `auctions` in "
        "`ledger`.",
    ),
    Table(
        "creatives",
        "promotion",
        "one creative of one campaign",
        ("creative_id",),
        (
            C("creative_id", "int", "creative", low=1),
            C("campaign_id", "int", "campaign", refers="campaigns"),
            C("format", "str", "format; pop-ups only where the campaign is intrusive", values=FORMATS),
            C("style", "str", "style of the copy", values=STYLES),
            C("hook_type", "str", "how it opens", values=HOOKS),
            C("first_day", "date", "first day in use; those a campaign starts with were in use before it"),
        ),
        note="Campaigns on the channels kol and koc have posts instead: see `collabs`.",
    ),
    Table(
        "creative_daily",
        "promotion",
        "one creative on one day it ran",
        ("date", "creative_id"),
        (
            C("date", "date", "day", refers="calendar"),
            C("creative_id", "int", "creative", refers="creatives"),
            C("impressions", "int", "times shown", low=0),
            C("clicks", "int", "clicks", low=0),
        ),
        scope="summary",
        note="The creatives of a campaign add up to its day in `ad_spend_daily`, so a campaign whose creatives are all tired "
        "looks as good as ever: compare creatives of different ages on the same day.",
    ),
)
