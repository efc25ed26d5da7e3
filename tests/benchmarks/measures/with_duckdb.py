"""The tasks as queries written by hand for DuckDB."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import chain
from logs import STEPS

COHORTS = """
with people as (select user_id, signup_ts::date as signup, date_trunc('week', signup_ts) as cohort from users),
sizes as (select cohort, count(*) as size from people group by cohort),
seen as (
  select cohort, date_diff('week', cohort, date_trunc('week', ts)) as period, count(distinct user_id) as active
  from events join people using (user_id)
  where ts >= signup and ts < (select date_trunc('week', max(ts)::date + 1) from events)
  group by all
)
select cohort::date as cohort, size, period, active from seen join sizes using (cohort)"""
NEXT = """
s{step} as (
  select b.user_id, b.t, start from log as b asof join s{before} as a on b.user_id = a.user_id and b.t > a.t
  where name = '{name}'
)"""
RFM = """
with customers as (
  select user_id, date_diff('day', max(ts)::date, (select max(ts)::date from orders)) as recency_days,
    count(*) as frequency, round(sum(net_cny), 4) as monetary
  from orders group by user_id
)
select *,
  1 + 5 * (rank() over (order by recency_days desc) - 1) // count(*) over () as r,
  1 + 5 * (rank() over (order by frequency) - 1) // count(*) over () as f,
  1 + 5 * (rank() over (order by monetary) - 1) // count(*) over () as m
from customers order by user_id"""
LAST_TOUCH = """
select channel_id, count(*) as credit
from orders asof join touches on orders.user_id = touches.user_id and orders.ts >= touches.ts
where orders.ts - touches.ts <= interval 30 days group by channel_id"""
LED = """
select orders.user_id, orders.ts as goal, touches.ts, channel_id from orders join touches using (user_id)
where touches.ts between orders.ts - interval 30 days and orders.ts"""
LINEAR = f"""
with led as ({LED}), shares as (select channel_id, 1 / count(*) over (partition by user_id, goal) as share from led)
select channel_id, sum(share) as credit from shares group by channel_id"""
MARKOV = f"""
with led as ({LED}),
idle as (select user_id, null as goal, ts, channel_id from touches anti join led using (user_id, ts)),
paths as (select * from led union all select * from idle),
steps as (
  select coalesce(lag(channel_id) over path, '') as before, channel_id as after, goal is not null as converts,
    lead(ts) over path is null as last
  from paths window path as (partition by user_id, goal order by ts)
)
select *, count(*) as rows from steps group by all"""
SESSIONS = """
with marked as (
  select *, coalesce(ts - lag(ts) over (partition by user_id order by ts) > interval 30 minutes, true)::int as new from events
)
select * exclude new, sum(new) over (partition by user_id order by ts) as session from marked"""


def cohorts(log: SimpleNamespace) -> Any:
    return log.connection.sql(COHORTS)


def funnel(log: SimpleNamespace) -> Any:
    query = "with log as (select user_id, epoch_us(ts) as t, name from events), "
    query += "s1 as (select user_id, t, t as start from log where name = 'view'), "
    query += ", ".join(NEXT.format(step=step, before=step - 1, name=name) for step, name in enumerate(STEPS[1:], 2))
    count = "select '{name}' as event, count(distinct user_id) as users from s{step} where t - start <= 604_800_000_000"
    counts = " union all ".join(count.format(step=step, name=name) for step, name in enumerate(STEPS, 1))
    return log.connection.sql(f"{query} {counts}")


def rfm(log: SimpleNamespace) -> Any:
    return log.connection.sql(RFM)


def last_touch(log: SimpleNamespace) -> Any:
    return log.connection.sql(LAST_TOUCH)


def linear(log: SimpleNamespace) -> Any:
    return log.connection.sql(LINEAR)


def markov(log: SimpleNamespace) -> Any:
    return chain.credit(log.connection.sql(MARKOV).df())


def sessions(log: SimpleNamespace) -> Any:
    return log.connection.sql(SESSIONS)
