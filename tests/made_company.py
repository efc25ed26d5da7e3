"""A company made in memory, table by table, as a test asks for it."""

import opscourse.company.build  # noqa: F401 - registers the builders
from opscourse.company.parameters import varied
from opscourse.company.parquet import arrow_table
from opscourse.company.tables import TABLES
from opscourse.company.world import TALLIES, World


class Company(dict):
    """A variant in one block; each table is made on first use."""

    def __init__(self, seed, users=20_000):
        super().__init__()
        self.seed, self.known = seed, varied(seed)
        self.world = World(self.known, users, seed)
        self.block = self.world.block(0)

    def __missing__(self, name):
        declared = TABLES[name]
        if declared.scope == "summary" and not self.world.totals:
            self.world.totals = {total: count(self.block) for total, count in TALLIES.items()}
        source = self.block if declared.scope == "block" else self.world
        made = arrow_table(declared, source[name]).to_pandas(date_as_object=False)
        times = {c.name: "datetime64[us]" for c in declared.columns if c.kind in ("date", "timestamp")}
        self[name] = made.astype(times)
        return self[name]
