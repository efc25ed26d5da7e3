"""Being found: pages and where they are clicked, keywords, links, and what the search engines show."""

from opscourse.company.schema import Column as C
from opscourse.company.schema import Table

PAGE_KINDS = ("home", "landing", "courses", "course", "article", "product", "help")
INTENTS = ("informational", "navigational", "transactional")
STATUSES = ("ok", "dead", "redirect", "low_quality")
LINK_KINDS = ("internal", "directory", "guest", "report", "local", "social")
_SCORES = ("keywords and title", "content", "structure and inner links", "speed", "links from outside")

TABLES = (
    Table(
        "pages",
        "promotion",
        "one page of the site",
        ("page_id",),
        (
            C("page_id", "int", "page", low=1),
            C("path", "str", "where it is on the site"),
            C("kind", "str", "kind of page", values=PAGE_KINDS),
            C("title_ok", "bool", "its title is unique and says what it is about"),
            C("h1_ok", "bool", "has exactly one main heading"),
            C("inner_links", "int", "links to other pages of the site, as in `backlinks`", low=0),
            C("load_ms", "int", "median time until it can be used", "milliseconds", low=1),
            C("requests", "int", "files that it loads", low=1),
            C("kb", "int", "their size", "kB", low=1),
            C("bounce_rate", "float", "visits that see no other page", low=0, high=1),
            C("dwell_s", "float", "median time on it", "seconds", low=0),
            C("ctr", "float", "clicks an impression in search results", low=0, high=1),
            *(C(f"s{k}", "int", f"score of step {k}: {step}", "of 100", low=0, high=100) for k, step in enumerate(_SCORES, 1)),
            C("fix_cost_h", "float", "work to put it right", "hours", low=0),
        ),
        note="Pages of the site on the open web. `sessions` and `events` name screens of the app and the mini-program instead.",
    ),
    Table(
        "page_clicks",
        "product",
        "one visit to one page of the site, and its last click",
        ("click_id",),
        (
            C("click_id", "int", "click, one a visit", low=1),
            C("page_id", "int", "page", refers="pages"),
            C("version", "str", "version of the page, drawn at random for each visit", values=("a", "b")),
            C("x", "float", "place of the click, from the left edge", "share of the width", low=0, high=1),
            C("y", "float", "place of the click, from the top", "share of the page's height", low=0, high=1),
            C("on_button", "bool", "on the page's main button, which version b has further up"),
            C("scroll_depth", "float", "the lowest part that was seen, from the top", "share of the height", low=0, high=1),
        ),
        note="A sample of a heat-map tool from March and April 2025. One row a visit, so that visits with many clicks do not "
        "count more.",
    ),
    Table(
        "keywords",
        "promotion",
        "one keyword that people search for",
        ("kw_id",),
        (
            C("kw_id", "int", "keyword", low=1),
            C("page_id", "int", "page that is meant to be found", refers="pages"),
            C("text", "str", "what is typed"),
            C("cluster", "str", "topic; a cluster with two pages competes with itself"),
            C("intent", "str", "what the searcher wants", values=INTENTS),
            C("words", "int", "number of words", low=1),
            C("volume_month", "int", "searches a month", low=1),
            C("difficulty", "int", "how strong the other results are", "of 100", low=0, high=100),
            C("cpc_cny", "float", "asked for a click on an ad", "CNY", low=0),
            C("rival_rank", "int", "best rank of a rival; empty: none among the first 50", null=True, low=1, high=50),
        ),
    ),
    Table(
        "backlinks",
        "promotion",
        "one link to a page of the site",
        ("link_id",),
        (
            C("link_id", "int", "link", low=1),
            C("from_page_id", "int", "own page that it is on; empty: another site", null=True, refers="pages.page_id"),
            C("from_domain", "str", "invented name of the other site; empty: own page", null=True),
            C("to_page_id", "int", "page it leads to", refers="pages.page_id"),
            C("status", "str", "what a check found", values=STATUSES),
            C("kind", "str", "how it came about", values=LINK_KINDS),
            C("anchor", "str", "its text", values=("brand", "keyword", "url", "other")),
        ),
    ),
    Table(
        "search_weekly",
        "promotion",
        "one keyword in one week",
        ("week", "kw_id"),
        (
            C("week", "date", "Monday of the week; the last week has one day", refers="calendar.date"),
            C("kw_id", "int", "keyword", refers="keywords"),
            C("rank", "float", "mean rank of our result", low=1, high=100),
            C("impressions", "int", "times our result was shown", low=0),
            C("clicks", "int", "clicks on it; who registers after one comes as direct", low=0),
            C("paid_clicks", "int", "clicks on our ad", low=0),
            C("cost_cny", "float", "paid for these", "CNY", low=0),
            C("conversions", "int", "registrations after clicks on the ad", low=0),
        ),
        scope="summary",
        note="A week and not a day, so that rare keywords have numbers at all. Clicks on ads, cost and registrations of a "
        "week add up to those of the channels paid_search and brand_search in `ad_spend_daily`.",
    ),
)
