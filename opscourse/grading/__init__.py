"""Grading a class: `opscourse release` hands out, `opscourse grade` runs, judges and reports."""

import sys

# nbformat's schema has no addresses to check, but jsonschema would spend a second on grammars for them.
sys.modules.setdefault("rfc3987_syntax", None)
