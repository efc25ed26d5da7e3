"""Who may do what, who does it, and who falls for a false mail (TP32)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import DAYS, day_index
from opscourse.company.build.people import DAY, stamp
from opscourse.company.tables.risk import LEVELS
from opscourse.company.world import Columns, World, builds, coded

__all__ = ["access_log", "phishing_drills", "role_grants"]

_RESOURCES_OF = {  # by role, as letters: A is the first resource
    "agent": "AKLOPQRTVW", "agent_lead": "ABKLOPQTVW", "analyst": "ADJKMPSTVW", "analyst_lead": "ADGIJMPTVW",
    "developer": "DHJKLNSTVW", "operator": "BDEGHOSTVW", "tester": "DHKLNSTUVW", "editor": "JKMNOPTUVW",
    "editor_lead": "FJMNOPTUVW", "coach": "AKNOPTUVWX", "marketer": "JMNOPQTUVW", "marketing_lead": "FJMNOPQTVW",
    "buyer": "FILOQRTVWY", "stock_keeper": "BKLOQRTVWY", "accountant": "BCFIJQTVWY", "finance_lead": "BCFGIJQTVW",
    "recruiter": "CFGOPTUVWX", "lawyer": "ACFIOPTVWX", "product": "AJKNPQSTVW", "director": "ABCFGIJTVW",
}  # fmt: skip
ROLES = tuple(_RESOURCES_OF)
RESOURCES = (  # those that ask for a second factor first
    "customer records", "payment system", "payroll", "production database", "backups", "contracts", "access control",
    "source code", "ledger", "data warehouse", "ticket system", "shop system", "ad accounts", "publishing system",
    "mail system", "survey tool", "price list", "stock system", "test system", "dashboards", "media library", "wiki",
    "calendar", "applicants", "supplier portal",
)  # fmt: skip
_SENSITIVE = 9
_LEVELS_OF_GRANTS = (0.45, 0.40, 0.15)
_REST = 0.02  # share of ordinary accesses outside office hours


@builds("_grants")
def grants(world: World) -> Columns:
    """The rights of each role, which of them are never used, and the role of each employee."""
    stream = world.stream("_grants")
    access = world.parameters.access
    role = np.repeat(np.arange(len(ROLES)), [len(letters) for letters in _RESOURCES_OF.values()])
    resource = np.array([ord(letter) - ord("A") for letters in _RESOURCES_OF.values() for letter in letters])
    spare = np.flatnonzero(np.diff(role, prepend=-1) == 0)  # each role uses one right at least
    idle = stream.gamma(1.5, 1.0, len(ROLES))[role[spare]]  # rights pile up in some roles more than in others
    unused = stream.choice(spare, round(access.unused * role.size), replace=False, p=idle / idle.sum())
    employees = np.arange(access.employees) % len(ROLES)
    return {
        "role": role,
        "resource": resource,
        "level": stream.choice(len(LEVELS), role.size, p=_LEVELS_OF_GRANTS),
        "used": ~np.isin(np.arange(role.size), unused),
        "role_of_employee": stream.permutation(employees),
    }


@builds("role_grants")
def role_grants(world: World) -> Columns:
    """One row a right."""
    known = world["_grants"]
    return {
        "role": coded(known["role"], ROLES),
        "resource": coded(known["resource"], RESOURCES),
        "level": coded(known["level"], LEVELS),
        "mfa_required": known["resource"] < _SENSITIVE,
    }


@builds("access_log")
def access_log(world: World) -> Columns:
    """One row an access, in order of time: ordinary ones, refused ones, and those that should have been refused."""
    stream = world.stream("access_log")
    access = world.parameters.access
    ordinary = _ordinary(world, stream, access.accesses - access.refused - access.violations)
    refused = _beyond(world, stream, stream.integers(0, access.employees, access.refused))
    violators = stream.choice(access.employees, access.violators, replace=False)
    violations = _beyond(world, stream, stream.choice(violators, access.violations))
    employee, resource, level = (np.concatenate(parts) for parts in zip(ordinary, refused, violations, strict=True))
    kind = np.repeat([0, 1, 2], [ordinary[0].size, access.refused, access.violations])
    second = _moments(world, stream, np.where(kind == 2, 0.6, _REST))
    required = resource < _SENSITIVE
    mfa = stream.random(kind.size) < np.where(required, access.second_factor, 0.3)
    order = np.argsort(second, kind="stable")
    return {
        "access_id": np.arange(1, kind.size + 1),
        "ts": stamp(second[order]),
        "login_id": employee[order] + 1,
        "role": coded(world["_grants"]["role_of_employee"][employee][order], ROLES),
        "resource": coded(resource[order], RESOURCES),
        "level": coded(level[order], LEVELS),
        "mfa": mfa[order],
        "allowed": kind[order] != 1,
    }


def _ordinary(world: World, stream: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Employee, resource and level of accesses within used rights, each used right at least once."""
    known = world["_grants"]
    busy = stream.gamma(4.0, 1.0, known["role_of_employee"].size)
    used = np.flatnonzero(known["used"])
    favour = stream.gamma(0.8, 1.0, used.size) + 0.02
    roles = known["role"][used]
    weight = favour * np.bincount(known["role_of_employee"], busy)[roles] / np.bincount(roles, favour)[roles]
    grant = np.concatenate([used, stream.choice(used, size - used.size, p=weight / weight.sum())])
    employee = np.empty(size, dtype=np.int64)
    for role in range(len(ROLES)):
        rows, people = known["role"][grant] == role, np.flatnonzero(known["role_of_employee"] == role)
        employee[rows] = stream.choice(people, rows.sum(), p=busy[people] / busy[people].sum())
    level = (stream.random(size) ** 2 * (known["level"][grant] + 1)).astype(np.int64)
    return employee, known["resource"][grant], level


def _beyond(world: World, stream: np.random.Generator, employee: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Employee, resource and level of accesses that no right covers: another resource, or a higher level of a used one."""
    known = world["_grants"]
    resource, level = np.empty((2, employee.size), dtype=np.int64)
    for row, role in enumerate(known["role_of_employee"][employee]):
        own = np.flatnonzero(known["role"] == role)
        higher = own[known["used"][own] & (known["level"][own] < len(LEVELS) - 1)]
        if higher.size and stream.random() < 0.4:
            right = stream.choice(higher)
            resource[row], level[row] = known["resource"][right], known["level"][right] + 1
        else:
            foreign = np.setdiff1d(np.arange(len(RESOURCES)), known["resource"][own])
            resource[row], level[row] = stream.choice(foreign), stream.integers(0, 2)
    return employee, resource, level


def _moments(world: World, stream: np.random.Generator, rest: np.ndarray) -> np.ndarray:
    """Seconds in the audited quarter: office hours of working days, and with probability `rest` any night."""
    start = int(day_index(np.datetime64(world.parameters.access.start)))
    days = np.arange(start, DAYS)
    working = days[world["calendar"]["is_workday"][days]]
    office = stream.choice(working, rest.size) * DAY + stream.integers(9 * 3600, 19 * 3600, rest.size)
    night = stream.choice(days, rest.size) * DAY + (stream.integers(22 * 3600, 29 * 3600, rest.size) % DAY)
    return np.where(stream.random(rest.size) < rest, night, office)


@builds("phishing_drills")
def phishing_drills(world: World) -> Columns:
    """One row an employee and drill; clicking falls from drill to drill, and some are more careless than others."""
    stream = world.stream("phishing_drills")
    access = world.parameters.access
    drill = np.repeat(np.arange(len(access.drills)), access.employees)
    careless = np.tile(stream.gamma(4.0, 0.25, access.employees), len(access.drills))
    click = access.click * (1 - access.learned) ** drill
    clicked = stream.random(drill.size) < np.minimum(click * careless, 0.95)
    report = access.report + access.click - click
    return {
        "drill": drill + 1,
        "date": np.array(access.drills, dtype="datetime64[D]")[drill],
        "login_id": np.tile(np.arange(1, access.employees + 1), len(access.drills)),
        "clicked": clicked,
        "reported": stream.random(drill.size) < np.where(clicked, report / 3, report),
    }
