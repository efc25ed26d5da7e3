"""The people: one row each, drawn from marginal distributions. Names, phones and addresses do not exist."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

TABLES = (
    Table(
        "users",
        "users",
        "one registered user",
        ("user_id",),
        (
            C("user_id", "int", "user, in order of sign-up", low=1),
            C("signup_ts", "timestamp", "when the registration was finished, local time"),
            C("channel_id", "int", "channel of the last click before sign-up", refers="channels"),
            C("campaign_id", "int", "paid campaign behind that click, empty if none", null=True, refers="campaigns"),
            C("inviter_id", "int", "user whose invitation was used", null=True, refers="users.user_id"),
            C("city_id", "int", "home city", refers="cities"),
            C("gender", "str", "as stated", values=("f", "m", "unstated")),
            C("age", "int", "age at sign-up", "years", low=16, high=70),
            C(
                "occupation",
                "str",
                "as stated",
                values=("employee", "manager", "freelance", "parent", "student", "retired"),
            ),
            C("income_band", "str", "as stated", values=("low", "middle", "high")),
            C("goal", "str", "reason for joining", values=("lose_weight", "get_fit", "relax", "recover", "company")),
            C("os", "str", "system of the first device", values=("ios", "android", "web")),
            C("consent_marketing", "bool", "agreed to be contacted"),
            C("consent_share", "bool", "agreed to share data with partners"),
        ),
        scope="block",
    ),
)
