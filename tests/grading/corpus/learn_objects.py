"""Looks at every object and module that the fork left in its memory for some of the grader."""

EXPECTED = {"92.1": ("error", "AssertionError: none of"), "92.5": ("error", "AssertionError: none of")}

# %% 92.1
import sys

grader = ["judge", "book", "grade", "release", "roster", "variants", "submissions", "transplant", "solutions", "reporter"]
loaded = [name for name in grader if f"opscourse.grading.{name}" in sys.modules]
assert loaded, f"none of {len(sys.modules)} modules"
yoga_seats = classes.loc[classes["topic"] == "yoga", "capacity"].mean()

# %% 92.5
import gc

gc.unfreeze()
objects = gc.get_objects()
assert len(objects) > 10_000
kinds = {type(thing).__name__ for thing in objects if str(type(thing).__module__).startswith("opscourse.grading")}
known = {"Student", "Attempt", "Ran", "Result", "Mark", "Solution", "Book", "Exercise", "Grading", "Zygote"}
assert kinds & known, f"none of {len(objects)} objects"
all_seats = classes["capacity"].sum()
