"""Money: corporate customers, partners, plan and ledger, cash, cloud, product lines, stock, shelves, price tests."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

SEGMENTS = ("campus", "small_firm", "office_tower", "public_body", "estate")
SOURCES = ("referral", "fair", "inbound", "cold_call", "tender")
PARTNER_KINDS = ("maternity", "insurance", "device", "platform", "vendor")
SHARED = ("nothing", "totals", "pseudonyms", "personal data")
DEPARTMENTS = ("management", "engineering", "product", "data", "marketing", "content", "service", "finance")
LINES = ("membership", "shop", "corporate", "audio")
SLOTS = (
    "mat", "band", "scale", "weights", "clothing", "snack", "bottle", "massage", "new", "picked", "gifts", "travel",
)  # fmt: skip


def _posting(name: str, row: str, units: str, amount: str, note: str) -> Table:
    """`budget` and `ledger` have the same rows."""
    prefix = amount.split("_")[0]
    return Table(
        name,
        "management",
        row,
        ("month", "dept", "account"),
        (
            C("month", "date", "first day of the month", refers="calendar.date"),
            C("dept", "str", "department", values=DEPARTMENTS),
            C("account", "str", "what it is for"),
            C("kind", "str", "revenue or cost", values=("revenue", "cost")),
            C("unit", "str", "what the units are"),
            C(f"{prefix}_units", "int", units, "see `unit`", low=0),
            C(f"{prefix}_cny", "float", "amount; costs are positive, too", "CNY", low=0),
        ),
        scope="summary",
        note=note,
    )


TABLES = (
    Table(
        "b2b_accounts",
        "management",
        "one firm that buys seats for its staff",
        ("account_id",),
        (
            C("account_id", "int", "account", low=1),
            C("segment", "str", "kind of customer", values=SEGMENTS),
            C("start", "date", "first day of the contract; may lie before the calendar"),
            C("seats", "int", "seats on its first invoice of the calendar", "seats", low=1),
            C("pilot", "bool", "tried desk coaching from 2024-07-01; all others got it on 2025-01-01"),
            C("lead_source", "str", "how it was found", values=SOURCES),
            C("wtp_line1", "float", "would pay for courses, as said in an interview", "CNY a seat and month", low=0),
            C("wtp_line2", "float", "would pay for desk coaching, as said in an interview", "CNY a seat and month", low=0),
        ),
        note="Those who use the seats have a portal of their own and are not in `users`.",
    ),
    Table(
        "b2b_invoices",
        "management",
        "one corporate account in one month",
        ("account_id", "month"),
        (
            C("account_id", "int", "account", refers="b2b_accounts"),
            C("month", "date", "first day of the month", refers="calendar.date"),
            C("seats", "int", "seats", "seats", low=1),
            C("amount_cny", "float", "seats times the account's price; invoiced on the last day of the month", "CNY", low=0),
            C("due_on", "date", "to be paid until; may lie after the calendar's end"),
            C("paid_on", "date", "paid; empty: not paid by 2025-06-30", null=True, refers="calendar.date"),
        ),
    ),
    Table(
        "partners",
        "marketing",
        "one partner firm",
        ("partner_id",),
        (
            C("partner_id", "int", "partner", low=1),
            C("kind", "str", "what it does", values=PARTNER_KINDS),
            C("start", "date", "first day of the contract; may lie before the calendar"),
            C("overlap_share", "float", "share of its users who are ours already", low=0, high=1),
            C("rev_share", "float", "what it gets of sales to users it sent", low=0, high=1),
            C("security_score", "int", "audit of its security", "points of 100", low=0, high=100),
            C("data_shared", "str", "what it gets of our users' data", values=SHARED),
        ),
    ),
    Table(
        "partner_settlements",
        "marketing",
        "one partner in one month; vendors have none",
        ("partner_id", "month"),
        (
            C("partner_id", "int", "partner", refers="partners"),
            C("month", "date", "first day of the month", refers="calendar.date"),
            C("users_sent", "int", "our users who followed a link to it", "users", low=0),
            C("users_received", "int", "its users who followed a link to us", "users", low=0),
            C("new_users", "int", "of these, users who registered, as in `users` by the channel partner_brand", "users", low=0),
            C("gmv_cny", "float", "paid in the month for orders by all users it ever sent", "CNY", low=0),
            C("share_cny", "float", "what it gets of that", "CNY", low=0),
        ),
        scope="summary",
        note="A channel knows no partner: users and sales of partner_brand are divided among partners by their reach.",
    ),
    _posting(
        "ledger",
        "what was booked in one month for one account of one department",
        "how many",
        "actual_cny",
        "Orders and refunds are booked in the month of the order, memberships in the month in which a spell starts, seats in "
        "the month they are used, goods when they are sold, commission in the month of the post. A head is somebody of "
        "`employees` for a whole month, at the pay of the salary band; who came or left in it counts by the day.",
    ),
    _posting(
        "budget",
        "what was planned for one month, account and department",
        "how many were planned",
        "planned_cny",
        "Planned before each half-year. Joins to `ledger` by month, dept and account.",
    ),
    Table(
        "cash_daily",
        "management",
        "one day on the firm's bank accounts",
        ("date",),
        (
            C("date", "date", "day", refers="calendar"),
            C("opening_cny", "float", "in the morning", "CNY"),
            C(
                "from_shop_cny",
                "float",
                "paid out by payment providers for orders, less their fee and what was paid with points",
                "CNY",
                low=0,
            ),
            C("from_members_cny", "float", "the same for memberships", "CNY", low=0),
            C("from_corporate_cny", "float", "invoices paid; until spring 2024 also those of 2023", "CNY", low=0),
            C("from_audio_cny", "float", "Jiadong Audio", "CNY", low=0),
            C("from_platforms_cny", "float", "commission of the platforms' own shops", "CNY", low=0),
            C("to_staff_cny", "float", "salaries and contributions", "CNY", low=0),
            C("to_suppliers_cny", "float", "goods received earlier", "CNY", low=0),
            C("to_advertising_cny", "float", "advertising", "CNY", low=0),
            C("to_users_cny", "float", "refunds of orders, in money, whatever was paid with points", "CNY", low=0),
            C("to_others_cny", "float", "rent, coaches, cloud, shipping, partners and what else the firm pays", "CNY", low=0),
            C("receipts_cny", "float", "sum of what came", "CNY", low=0),
            C("payments_cny", "float", "sum of what went", "CNY", low=0),
            C("closing_cny", "float", "in the evening: opening and receipts less payments", "CNY"),
        ),
        scope="summary",
    ),
    Table(
        "cloud_usage",
        "management",
        "one day of computing, and what it costs by three tariffs",
        ("date",),
        (
            C("date", "date", "day", refers="calendar"),
            C("cpu_h", "float", "computing", "CPU hours", low=0),
            C("storage_gb", "float", "stored", "GB", low=0),
            C("egress_gb", "float", "sent to users", "GB", low=0),
            C("fixed_plan_cny", "float", "cost by the fixed tariff, which the firm has", "CNY", low=0),
            C("usage_plan_cny", "float", "cost by the usage tariff", "CNY", low=0),
            C("mixed_plan_cny", "float", "cost by the mixed tariff", "CNY", low=0),
        ),
        scope="summary",
        note="Usage: 0.90 CNY a CPU hour. Fixed: 40% less an hour, paid every day for the load of the busiest day. Mixed: 45% "
        "less for 60% of the median day's load, used or not, 0.90 CNY beyond it. All: 0.004 CNY a GB stored, 0.50 a GB sent.",
    ),
    Table(
        "product_lines",
        "product",
        "one line of business in one week",
        ("line", "week"),
        (
            C("line", "str", "line; audio is an older product with customers of its own", values=LINES),
            C("week", "date", "Monday of the week", refers="calendar.date"),
            C("active_users", "int", "members, buyers, seats or customers of that week", "users", low=0),
            C("revenue_cny", "float", "revenue as in `ledger`, refunds not taken off", "CNY", low=0),
            C(
                "spend_cny",
                "float",
                "what only this line costs: goods, shipping, fees, refunds, points, service at offices",
                "CNY",
                low=0,
            ),
        ),
        scope="summary",
        note="78 whole weeks: 2025-06-30 is left out. Seats of a month are spread over its days. Staff, content, live classes "
        "and the app serve all lines and are in none.",
    ),
    Table(
        "inventory_daily",
        "customers",
        "one product on one day since its launch",
        ("date", "sku"),
        (
            C("date", "date", "day", refers="calendar"),
            C("sku", "int", "product", refers="products"),
            C("on_hand", "int", "in stock in the evening: the day before, and received less sold", "pieces", low=0),
            C("received", "int", "delivered in the morning", "pieces", low=0),
            C("sold", "int", "pieces in paid orders of the day, as in `order_items`", "pieces", low=0),
            C("lost_sales", "int", "asked for while there was none, by who wants to be told when it is back", "pieces", low=0),
        ),
        scope="summary",
        note="What users order while there is none comes from a wholesaler the same morning and is in `received`. What is "
        "refunded does not come back into stock.",
    ),
    Table(
        "page_slots_daily",
        "customers",
        "one slot of the shop's first page on one day",
        ("date", "slot_id"),
        (
            C("date", "date", "day", refers="calendar"),
            C("slot_id", "int", "slot", low=1, high=len(SLOTS)),
            C("slot", "str", "its theme", values=SLOTS),
            C("position", "int", "place on the page in that week, 1 is the top", low=1, high=len(SLOTS)),
            C("sku", "int", "product shown in it", refers="products"),
            C("impressions", "int", "times the page was opened", "views", low=0),
            C("clicks", "int", "clicks on the slot", "clicks", low=0),
            C("orders", "int", "paid orders of that product that came through it", "orders", low=0),
            C("revenue_cny", "float", "their pieces of it at list price", "CNY", low=0),
        ),
        scope="summary",
        note="In March and April 2025 `impressions` are the events product_view of the day.",
    ),
    Table(
        "price_tests",
        "customers",
        "one user who was shown the coaching plan at one price",
        ("offer_id",),
        (
            C("offer_id", "int", "offer", low=1),
            C("user_id", "int", "user; each one was shown one price, once", refers="users"),
            C("ts", "timestamp", "when, local time"),
            C("price_cny", "float", "price shown", "CNY", low=0),
            C("discount", "float", "1 less price by list price (49 CNY); negative if dearer", high=1),
            C("bought", "bool", "pressed the button to buy"),
        ),
        scope="block",
        note="A painted door: the plan did not exist yet, whoever pressed the button was told so, and nobody paid. One plan.",
    ),
)

ACCOUNTS = Table(
    "accounts",
    "management",
    "one corporate account, as it is",
    ("account_id",),
    (
        C("account_id", "int", "account", refers="b2b_accounts"),
        C("share", "float", "share of all corporate revenue", low=0, high=1),
        C("eagerness", "float", "how much its staff want the product; who is eager becomes a pilot and grows anyway"),
        C("growth", "float", "growth of its seats a year, without desk coaching"),
        C("delay_days", "float", "median time from invoice to payment", "days", low=0),
    ),
)
APPEAL = Table(
    "products",
    "customers",
    "one product, as users want it",
    ("sku",),
    (
        C("sku", "int", "product", refers="products"),
        C("popularity", "float", "sales relative to the most popular product, while both are on sale", low=0, high=1),
        C("appeal", "float", "clicks a view at position 1 of the shop's first page", low=0, high=1),
    ),
)
HIDDEN = (ACCOUNTS, APPEAL)
