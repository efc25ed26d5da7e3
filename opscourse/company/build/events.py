"""Raw events, sessions and devices of the window, laid out from the visits."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.channels import CHANNELS
from opscourse.company.build.people import DAY, clock, stamp
from opscourse.company.build.viewing import chosen
from opscourse.company.tables.data import ENTRIES, EVENTS, PAGES
from opscourse.company.world import Block, Columns, builds, coded, filled, optional, pick

__all__ = ["RELEASE_DAYS"]

RELEASE_DAYS = 9  # a new version of the app every nine days

_NAME = {name: code for code, name in enumerate(EVENTS)}
_PAGE_OF = {
    "signup_page": "signup", "signup_phone": "signup", "signup_profile": "signup", "signup_goal": "signup",
    "course_view": "course", "class_start": "course", "class_complete": "course", "search": "courses",
    "product_view": "shop", "product_detail": "product", "cart_add": "cart", "order_pay": "checkout",
}  # fmt: skip
_PAGES = np.array([PAGES.index(_PAGE_OF.get(name, "home")) for name in EVENTS], dtype=np.int16)
_ENTRIES = np.array([PAGES.index(page) for page in ENTRIES], dtype=np.int16)
_BROWSED = np.array([PAGES.index(page) for page in ("home", "courses", "live", "article", "profile", "shop")], dtype=np.int16)
_BROWSED_SHARES = (30, 24, 14, 14, 10, 8)
_GAPS = dict.fromkeys(EVENTS, 20.0) | {"class_complete": 900.0, "class_start": 12.0, "course_view": 15.0, "cart_add": 30.0}
_GAP = np.array([_GAPS[name] for name in EVENTS], dtype=np.float32)


@builds("_events")
def layout(block: Block) -> Columns:
    """Every event of the window: the visit it belongs to, its name, its second, and when each order was completed.

    A visit opens the app, registers if it does, looks around, then learns and shops in either order (shops first if it buys).
    """
    stream = block.stream("_events")
    visits = block["_visits"]
    size = visits["user"].size
    active = ~visits["abandoned"]
    registering = visits["reached"].astype(np.int64)
    browsing = np.where(active, stream.geometric(0.42, size) - 1, 0) + (registering == 4)
    searches = (active & (stream.random(size) < 0.13)).astype(np.int64)
    looked = np.where(active, pick(stream, (0.42, 0.33, 0.16, 0.09), size), 0)
    classes = visits["classes"].astype(np.int64)
    unfinished = visits["tried"].astype(np.int64)
    looked = np.maximum(looked, (classes + unfinished) > 0)
    learning = searches + looked + 2 * classes + unfinished
    depth = visits["depth"].astype(np.int64)
    browsing = np.maximum(browsing, active & (registering + learning + depth == 0))
    counts = 1 + registering + browsing + learning + depth
    first = np.cumsum(counts) - counts
    shop_first = (depth == 4) | (visits["order"] > 0) | (stream.random(size) < 0.5)
    at_browse = first + 1 + registering
    at_learn = at_browse + browsing + np.where(shop_first, depth, 0)
    at_shop = at_browse + browsing + np.where(shop_first, 0, learning)
    at_course = at_learn + searches
    at_class = at_course + looked

    name = np.zeros(int(counts.sum()), dtype=np.int8)
    for step in range(4):
        name[first[registering > step] + 1 + step] = _NAME["signup_page"] + step
        name[at_shop[depth > step] + step] = _NAME["product_view"] + step
    name[filled(at_browse, browsing)] = _NAME["page_view"]
    name[at_learn[searches > 0]] = _NAME["search"]
    name[filled(at_course, looked)] = _NAME["course_view"]
    name[filled(at_class, 2 * classes + unfinished)] = _NAME["class_start"]
    for k in range(int(classes.max(initial=0))):
        name[at_class[classes > k] + 2 * k + 1] = _NAME["class_complete"]

    visit = np.repeat(np.arange(size), counts)
    offset = _offsets(stream, visits, name, first, counts, visit)
    order_second = np.zeros(block["_payments"]["row"].size, dtype=np.int64)
    buying = np.flatnonzero(visits["order"] > 0)
    placed = visits["order_index"][buying]
    last = at_shop[buying] + depth[buying] - 1
    order_second[placed] = visits["second"][buying] + offset[last] + (depth[buying] == 3)
    return {
        "visit": visit,
        "name": name,
        "second": visits["second"][visit] + offset,
        "first": first,
        "counts": counts,
        "at_shop": at_shop,
        "order_second": order_second,
    }


def _offsets(
    stream: np.random.Generator,
    visits: Columns,
    name: np.ndarray,
    first: np.ndarray,
    counts: np.ndarray,
    visit: np.ndarray,
) -> np.ndarray:
    """Seconds from the start of its visit to each event: at least one apart, the last one at the visit's `seconds`."""
    gap = _GAP[name] * stream.standard_exponential(name.size, dtype=np.float32)
    gap[first] = 0
    elapsed = np.cumsum(gap, dtype=np.float64)
    elapsed -= np.repeat(elapsed[first], counts)
    last = first + counts - 1
    spare = np.maximum(visits["seconds"] - (counts - 1), 0)
    rate = spare / np.maximum(elapsed[last], 1e-9)
    offset = (
        np.arange(name.size) - np.repeat(first, counts) + np.floor(elapsed * np.repeat(rate, counts) + 1e-6).astype(np.int64)
    )
    registered = np.flatnonzero(visits["before"] > 0)
    if registered.size:  # the last step falls on the second of the registration, the steps before it a fourth of the way each
        before, seconds = visits["before"][registered], visits["seconds"][registered]
        for step in range(1, 5):
            offset[first[registered] + step] = before * step // 4
        rest = filled(first[registered] + 5, counts[registered] - 5)
        owner = np.repeat(np.arange(registered.size), counts[registered] - 5)
        place = rest - first[registered][owner] - 4
        begin, end = elapsed[first[registered] + 4], elapsed[last[registered]]
        part = (elapsed[rest] - begin[owner]) / np.maximum((end - begin)[owner], 1e-9)
        spare = np.maximum(seconds - before - (counts[registered] - 5), 0)
        offset[rest] = before[owner] + place + np.floor(part * spare[owner] + 1e-6).astype(np.int64)
    return offset


@builds("events")
def events(block: Block) -> Columns:
    """One row an event, visit by visit."""
    stream = block.stream("events")
    visits, layout, size = block["_visits"], block["_events"], block["_events"]["name"].size
    visit, name, first = layout["visit"], layout["name"], layout["first"]
    page = _PAGES[name]
    page[first] = _ENTRIES[visits["entry"]]
    browsed = np.flatnonzero(name == _NAME["page_view"])
    page[browsed] = _BROWSED[pick(stream, _BROWSED_SHARES, browsed.size)]
    content = np.zeros(size, dtype=np.int64)
    learned = np.flatnonzero((name >= _NAME["course_view"]) & (name <= _NAME["class_complete"]))
    content[learned] = _contents(block, stream, layout, learned)
    begun = block["_plays"]
    played = block["_watched"]["item"][begun["view"]] + 1
    viewed = name[begun["event"] - 1] == _NAME["course_view"]  # a class is looked at before it is started
    content[begun["event"][viewed] - 1] = played[viewed]
    content[begun["event"]] = played
    content[begun["event"][begun["finished"]] + 1] = played[begun["finished"]]
    results = np.zeros(size, dtype=np.int64)
    searched = np.flatnonzero(name == _NAME["search"])
    results[searched] = np.where(stream.random(searched.size) < 0.12, 0, stream.geometric(0.06, searched.size))
    sku, order = _products(block, stream)
    user = visits["user"].astype(np.int64)
    logged_in = np.repeat(user >= 0, layout["counts"])
    registered = first[visits["reached"] == 4]
    for step in range(4):  # nobody is known before the last step of the registration
        logged_in[registered + step] = False
    day = visits["second"] // DAY
    version = day // RELEASE_DAYS - pick(stream, (0.72, 0.2, 0.08), day.size) + 1
    releases = np.arange(version.max(initial=0) + 1)
    return {
        "event_id": block.first_id + np.arange(size),
        "ts": stamp(layout["second"]),
        "session_id": block.first_id + visit,
        "device_id": (block.first_id + visits["device"])[visit],
        "user_id": optional((block.first_user + user)[visit], logged_in),
        "name": coded(name, EVENTS),
        "page": coded(page, PAGES),
        "content_id": optional(content, content > 0),
        "sku": optional(sku, sku > 0),
        "order_id": optional(order, order > 0),
        "results": optional(results, name == _NAME["search"]),
        "version": coded(version[visit], np.array([f"3.{number}" for number in releases], dtype=object)),
    }


def _contents(block: Block, stream: np.random.Generator, layout: Columns, rows: np.ndarray) -> np.ndarray:
    """A course that is out on that day and to the taste of the user, or of some user where nobody is logged in."""
    visits = block["_visits"]
    user = visits["user"][layout["visit"][rows]]
    user = np.where(user >= 0, user, stream.integers(0, block.size, rows.size))
    return chosen(block, stream, user, layout["second"][rows] // DAY)[0] + 1


def _products(block: Block, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Product and order of each event: a visit walks with one product, the first line of its order if it buys."""
    visits, layout = block["_visits"], block["_events"]
    products = block.world["products"]["sku"]
    depth, size = visits["depth"].astype(np.int64), visits["user"].size
    chosen = products[(stream.random(size) ** 1.8 * products.size).astype(np.int64)]
    buying = np.flatnonzero(visits["order"] > 0)
    lines = block["_baskets"]["lines"]
    first_line = np.cumsum(lines) - lines
    placed = visits["order_index"][buying]
    chosen[buying] = block["_baskets"]["sku"][first_line[placed]]
    sku = np.zeros(layout["name"].size, dtype=np.int64)
    sku[filled(layout["at_shop"], depth)] = np.repeat(chosen, depth)
    order = np.zeros(sku.size, dtype=np.int64)
    paid = depth[buying] == 4
    order[layout["at_shop"][buying[paid]] + 3] = block.first_id + block["_orders"]["rank"][placed[paid]]
    return sku, order


@builds("sessions")
def sessions(block: Block) -> Columns:
    """One row a visit, in order of time."""
    visits, layout, table = block["_visits"], block["_events"], block.world["campaigns"]
    size = visits["user"].size
    last = layout["first"] + layout["counts"] - 1
    page = block["_event_pages"]["page"]
    channel = visits["channel"].astype(np.int64)
    campaign = visits["campaign"]
    sourced, paid = channel > 0, campaign > 0
    names = np.array([c.name for c in CHANNELS], dtype=object)
    mediums = list(dict.fromkeys([*table["utm_medium"], *(c.family for c in CHANNELS)]))
    of_channel = np.array([mediums.index(c.family) for c in CHANNELS])
    of_campaign = np.array([mediums.index(medium) for medium in table["utm_medium"]])
    medium = np.where(paid, of_campaign[campaign - 1], np.where(sourced, of_channel[channel - 1], -1))
    user = visits["user"].astype(np.int64)
    return {
        "session_id": block.first_id + np.arange(size),
        "start_ts": stamp(visits["second"]),
        "device_id": block.first_id + visits["device"],
        "user_id": optional(block.first_user + user, user >= 0),
        "channel_id": optional(channel, sourced),
        "utm_source": coded(channel - 1, names),
        "utm_medium": coded(medium, np.array(mediums, dtype=object)),
        "utm_campaign": coded(campaign - 1, table["utm_campaign"]),
        "entry_page": coded(visits["entry"], ENTRIES),
        "exit_page": coded(page[last], PAGES),
        "pages": block["_event_pages"]["pages"],
        "seconds": layout["second"][last] - layout["second"][layout["first"]],
        "load_ms": visits["load_ms"],
        "abandoned": visits["abandoned"],
    }


@builds("_event_pages")
def event_pages(block: Block) -> Columns:
    """The page of each event, and how many different steps with a page of their own a visit made."""
    layout = block["_events"]
    page = block["events"]["page"].indices.to_numpy(zero_copy_only=False)
    turned = np.ones(page.size, dtype=np.int64)
    turned[1:] = page[1:] != page[:-1]
    turned[layout["first"]] = 1
    return {"page": page, "pages": np.add.reduceat(turned, layout["first"]) if page.size else turned}


@builds("devices")
def devices(block: Block) -> Columns:
    """One row a device: the users' first ones, their second ones, then those of visitors who never registered."""
    stream = block.stream("devices")
    arrival, second, seen, visits = block.parameters.arrival, block["_second"], block["_first_seen"], block["_visits"]
    strangers = block["_strangers"]
    known = block.size + second["user"].size
    count = strangers["devices"]
    signup = block["_signups"]["day"] * DAY + block["_signups"]["second"]
    rows = block["_days"]["day"][second["row"]]
    login = np.concatenate([signup, rows * DAY + clock(stream, arrival.hours, rows.size)])
    logged = np.flatnonzero(visits["login"] > 0)
    login[visits["device"][logged]] = visits["second"][logged]
    first = np.where(seen["early"], np.minimum(seen["second"], login - 60), login - 60)
    new = np.flatnonzero(visits["reached"] == 4)
    straight = new[~seen["early"][visits["user"][new]]]
    first[visits["user"][straight]] = visits["second"][straight]
    at_login = logged[~seen["early"][visits["device"][logged]]]
    first[visits["device"][at_login]] = visits["second"][at_login]
    first = np.concatenate([first, np.full(count - known, np.iinfo(np.int64).max)])
    np.minimum.at(first, visits["device"], visits["second"])
    login = np.concatenate([login, np.zeros(count - known, dtype=np.int64)])
    owner = np.concatenate([np.arange(block.size), second["user"], np.zeros(count - known, dtype=np.int64)])
    system = np.concatenate(
        [
            block["users"]["os"].indices.to_numpy(zero_copy_only=False),
            pick(stream, (0.30, 0.28, 0.42), second["user"].size),
            pick(stream, (0.36, 0.46, 0.18), count - known),
        ]
    )
    has_user = np.arange(count) < known
    return {
        "device_id": block.first_id + np.arange(count),
        "user_id": optional(block.first_user + owner, has_user),
        "os": coded(system, ("ios", "android", "web")),
        "first_seen": stamp(first),
        "login_ts": optional(stamp(login), has_user),
    }
