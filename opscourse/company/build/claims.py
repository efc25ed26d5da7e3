"""Claims of the course's source documents, in our words (FL20)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from opscourse.company.tables.work import CLAIM_TYPES, SOURCES
from opscourse.company.world import Columns, World, builds, coded

__all__ = ["CLAIMS"]

_AGREED = 0.88  # share of claims to which the second reader gives the first one's code

# By source, in the order of SOURCES: (type, topic, claim, measure that would decide it or "").
_BY_SOURCE = (
    (
        ("number", "speed", "A quarter of users give up after a delay of 3 seconds", "share of visits left, by loading time"),
        ("number", "quality", "The service has 46 touchpoints", "count of touchpoints"),
        ("number", "quality", "12 of them are pain points", "touchpoints that users mark, by two readers"),
        ("number", "quality", "88.04% of the probes passed before the programme", "probes passed of probes made, in a period"),
        ("number", "quality", "The share that passed rose by 9.8%", "difference in points, against cities without it"),
        ("number", "quality", "32.14% of the complaints were about quality", "complaints about quality of all, in a month"),
        ("number", "quality", "That share fell by 17.1%", "complaints about quality for 1,000 users, by month"),
        ("number", "careers", "The applicant has worked for three years or more", "months between the dates of the posts"),
        ("number", "history", "Attention stopped growing after 2010", "users times minutes, growth by year"),
        ("example", "history", "A free mail service spread through a line in every message", "new users for each sent message"),
        ("example", "history", "Plug-ins and pop-ups won users and lost their trust", "retention by channel of arrival"),
        ("example", "delivery", "An energy firm's apps lie unused: their job is unclear", "active of installed, by clear job"),
        ("assertion", "delivery", "Most firms no longer doubt DevOps", "share of firms in a drawn sample"),
        ("assertion", "delivery", "DevOps lowers cost and shortens cycles", "lead time and hours, before and after"),
        ("assertion", "history", "Lasting value for every kind of user makes a platform win", ""),
    ),
    (
        ("number", "retention", "30% of new users come back on day 1", "active on day 1 of those who signed up"),
        ("number", "retention", "20% come back on day 7", "active on day 7 of those who signed up"),
        ("number", "retention", "10% come back on day 30", "active on day 30 of those who signed up"),
        ("number", "tests", "1,000 users a group are enough for a test", "power at the base rate and effect in question"),
        ("number", "checkout", "70% of the carts are not paid", "carts paid of carts filled, in a visit"),
        ("number", "checkout", "A saved address and a discount raised it by 22%", "carts paid, with and without, same weeks"),
        ("number", "checkout", "Sales rose by 15% in the month", "sales by city, with and without the change"),
        ("number", "market", "Home fitness reaches 120% more people every year", "participants of inhabitants, by year"),
        ("number", "market", "The market is above 1.2 billion US dollars a year", "participants times spend a head"),
        ("number", "market", "The market grows by 80% a year", "market size by year, in one currency"),
        ("number", "market", "Three rivals hold 60% of it", "sum of their shares of sales in a year"),
        ("number", "market", "Our retention is 35% higher than theirs", "retention on one day, same definition, each rival"),
        ("number", "market", "42% more users are willing to pay", "users who pay of users, by year"),
        ("number", "users", "The core users are 25 to 40 years old", "share of users and of sales by age"),
        ("number", "channels", "Two platforms bring 65% of visits", "visits by source, and orders in a holdout"),
        ("number", "creators", "Key consumers convert above 18%", "orders for each click, all of them, with an interval"),
        ("number", "customers", "The five largest customers are 53.4% of sales", "share of invoices in a year"),
        ("number", "customers", "Another group has 53.4%, so it is a pattern", "the share in a drawn sample of firms"),
        ("number", "customers", "30% to 60% of large accounts depend on relations", "accounts lost when their manager leaves"),
        ("number", "service", "Answers to complaints will come 40% faster", "mean and median time to the answer, by line"),
        ("assertion", "retention", "Daily users therefore come mainly from new users", "new of active users on a day"),
        ("assertion", "channels", "Prefer the channel with a high return", "return of the last yuan, by channel"),
        ("assertion", "content", "The first 3 seconds decide a video", "views that last 3 seconds, by opening"),
        ("assertion", "users", "Badges for seven days in a row make users stay", "days in a row, with and without the badge"),
        ("example", "referral", "Three invitations earn a large prize", "friends who become active, for each yuan of prizes"),
        ("example", "customers", "A portrait shows a customer from all sides", "attributes filled of attributes defined"),
        ("assertion", "service", "Service at all hours makes customers loyal", "satisfaction by hour of the contact"),
        ("assertion", "strategy", "Operations is the soul of a product", ""),
    ),
    (
        ("assertion", "careers", "Demand for operations staff grows every year", "adverts by year, of the same sites"),
        ("assertion", "careers", "Operations posts pay relatively well", "pay against other posts, same city and years"),
        ("assertion", "goals", "Short, middle and long goals cover every plan", "share of goals whose horizon is in a class"),
        ("assertion", "workflow", "Seven steps make operations work", "projects that skip a step, and what becomes of them"),
        ("example", "roles", "A product manager plans, studies users and reports", "skills named in adverts"),
        ("example", "product", "Nine documents accompany a good design", "defects with and without each document"),
        ("assertion", "product", "Constant small steps beat long projects", "work thrown away, by time to the release"),
        ("assertion", "users", "Interaction makes users loyal", "retention by interaction, with a comparison group"),
        ("assertion", "users", "Surveys reveal what users truly need", "what was said beside what was paid"),
        ("assertion", "platform", "A platform needs a culture", ""),
        ("assertion", "quality", "Refined management improves every link", ""),
        ("example", "agreement", "An agreement settles goals, fees and breach", "fee by month under its terms"),
        ("assertion", "strategy", "Innovation is the engine of online operation", ""),
    ),
    (
        ("number", "tests", "A test of a stuck step raised conversion by 20%", "passed of arrived, by arm, with an interval"),
        ("example", "content", "Users left because courses came late", "activity after gaps, earlier activity held equal"),
        ("example", "signup", "A short form and a video clearly helped new users", "registered of visitors, four arms"),
        ("example", "crisis", "An honest apology calmed the users down", "negative mentions an hour, before and after"),
        ("assertion", "roles", "The department is a bridge between product and users", "tasks that pass through it"),
        ("assertion", "roles", "It guards every experience", ""),
        ("assertion", "community", "An active community keeps itself alive", "messages of members after the staff leave"),
        ("assertion", "strategy", "Good operations turns strategy into action", "goals that an action serves"),
    ),
    (
        ("assertion", "market", "Concentration is rising", "share of the three largest firms, by quarter"),
        ("assertion", "market", "Demand keeps growing", "paying users by month, season removed"),
        ("assertion", "market", "Cross-industry fusion is accelerating", ""),
        ("assertion", "market", "Personal needs are ever more diverse", "spread of topics in what users watch, by year"),
        ("assertion", "recommendation", "Recommendation greatly improves conversion", "orders with and without, drawn by lot"),
        ("assertion", "delivery", "Automation reduces errors", "releases taken back, before and after"),
        ("assertion", "delivery", "Iteration answers changing needs", "work thrown away, by length of the cycle"),
        ("assertion", "people", "Training and culture keep talent", "one-year retention of staff, by training"),
        ("assertion", "people", "Quantified evaluation is fair", "rank of agents, cases of equal difficulty"),
        ("assertion", "collaboration", "A shared framework removes barriers", "waiting in handed tasks"),
        ("assertion", "cost", "The cloud saves cost", "bill under each tariff, same load"),
        ("assertion", "security", "Layered defence ensures security", "incidents and time to recover, by year"),
        ("assertion", "innovation", "Innovation and efficiency must be balanced", ""),
        ("assertion", "strategy", "A complete plan secures sustainable growth", ""),
        ("assertion", "strategy", "Technology will empower every link of the chain", ""),
        ("assertion", "benefit", "The plan will bring social benefit", ""),
    ),
)  # fmt: skip
CLAIMS = [(source, *claim) for source, claims in enumerate(_BY_SOURCE) for claim in claims]


@builds("claims")
def claims(world: World) -> Columns:
    """One row a claim; a second reader sometimes takes an example for an assertion, or the other way round."""
    stream = world.stream("claims")
    source, kind, topic, claim, form = (np.array(values, dtype=object) for values in zip(*CLAIMS, strict=True))
    first = np.array([CLAIM_TYPES.index(k) for k in kind])
    other = np.where(first == 2, 1, 2)
    second = np.where(stream.random(first.size) < _AGREED, first, other)
    return {
        "claim_id": np.arange(1, first.size + 1),
        "source": coded(source.astype(int), SOURCES),
        "topic": topic,
        "claim": claim,
        "type": coded(first, CLAIM_TYPES),
        "second_reader": coded(second, CLAIM_TYPES),
        "measurable_form": pa.array([text or None for text in form], pa.string()),
    }
