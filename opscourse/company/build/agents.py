"""Who answered which ticket: agents differ a little in what they can do and a lot in what they get (TP29)."""

from __future__ import annotations

import numpy as np

from opscourse.company.build.calendar import day_index
from opscourse.company.world import Block, Columns, World, builds

__all__: list[str] = []


@builds("_agents")
def agents(world: World) -> Columns:
    """Each service agent: true satisfaction relative to the mean agent, and how much rather they get hard tickets."""
    stream, known = world.stream("_agents"), world.parameters.staff
    staff = world["employees"]
    rows = np.flatnonzero(staff["role"] == "service agent")
    csat, other = (_standard(stream.standard_normal(rows.size)) for _ in range(2))
    other = _standard(other - csat * (csat * other).mean())
    end = staff["end"].to_numpy(zero_copy_only=False)[rows]
    return {
        "emp_id": staff["emp_id"][rows],
        "csat": known.csat_spread * csat,
        "hard": known.case_mix * (known.case_skill * csat + np.sqrt(1 - known.case_skill**2) * other),
        "first": day_index(staff["start"][rows]),
        "last": np.where(np.isnat(end), np.iinfo(np.int64).max, day_index(end)),
    }


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


@builds("_truth_agents")
def truth_agents(world: World) -> Columns:
    """The hidden table as it is written beside the company."""
    agents = world["_agents"]
    return {"emp_id": agents["emp_id"], "csat": agents["csat"].round(4), "hard": agents["hard"].round(3)}


@builds("ticket_agents")
def ticket_agents(block: Block) -> Columns:
    """One row a ticket that a person answered.

    The answers exist before the agents: an agent is drawn with a weight that grows with satisfaction as much as the agent is
    better, so that the mean over an agent's tickets of like difficulty is the agent's true one, and chance.
    """
    stream = block.stream("ticket_agents")
    tickets, agents = block["tickets"], block.world["_agents"]
    rows = np.flatnonzero(~tickets["bot_handled"])
    difficulty = np.where(tickets["tier"] == 2, 3, 1 + (tickets["severity"] > 1))[rows]
    day = day_index(tickets["opened_ts"])[rows, None]
    answer = tickets["csat"].to_numpy(zero_copy_only=False).astype(float)[rows]  # not a number where nothing was answered
    rated = np.flatnonzero(~np.isnan(answer))
    level = np.bincount(difficulty[rated], answer[rated], 4) / np.maximum(np.bincount(difficulty[rated], minlength=4), 1)
    residual = np.zeros(rows.size)
    residual[rated] = answer[rated] - level[difficulty[rated]]
    variance = max(float((residual[rated] ** 2).mean()), 0.01) if rated.size else 1.0
    weight = np.exp(agents["hard"] * (difficulty[:, None] - 2)) * ((agents["first"] <= day) & (day <= agents["last"]))
    weight *= np.maximum(1 + agents["csat"] * residual[:, None] / variance, 0.05)
    share = np.cumsum(weight, axis=1)
    chosen = (share < stream.random((rows.size, 1)) * share[:, -1:]).sum(axis=1)
    return {"ticket_id": tickets["ticket_id"][rows], "emp_id": agents["emp_id"][chosen], "difficulty": difficulty}
