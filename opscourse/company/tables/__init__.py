"""The tables of the company, one module an area; `TABLES` has them all by name."""

from opscourse.company.tables import (
    content,
    customers,
    data,
    foundations,
    market,
    marketing,
    money,
    product,
    relations,
    risk,
    search,
    users,
    work,
)

__all__ = ["TABLES"]

TABLES = {
    table.name: table
    for module in (
        foundations,
        data,
        product,
        marketing,
        content,
        users,
        customers,
        market,
        risk,
        work,
        money,
        relations,
        search,
    )
    for table in module.TABLES
}
