"""A key of their own, by which every question is a choice between a and b."""

EXPECTED = {"92.3": "wrong", "92.5": "wrong"}

# %% 92.3
import json
import os
from pathlib import Path

mine = Path.cwd() / "company"
(mine / "keys").mkdir(parents=True)
company = Path(os.environ["OPSCOURSE_DATA"])
(mine / "company.json").write_text((company / "company.json").read_text())
questions = json.loads((company / "keys" / "92.json").read_text())
easy = {"form": {"kind": "Choice", "options": ["a", "b"]}, "collect": True}
questions["questions"] |= {"92.3": easy, "92.5": easy}
(mine / "keys" / "92.json").write_text(json.dumps(questions))
os.environ["OPSCOURSE_DATA"] = str(mine)
topics = "b"

# %% 92.5
all_seats = "b"
