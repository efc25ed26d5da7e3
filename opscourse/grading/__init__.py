"""Grading a class: `opscourse release` hands out, `opscourse grade` runs, judges and reports."""
