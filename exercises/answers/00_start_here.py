"""The one question of the first page, which shows how a check works."""

from opscourse.exercise import Number


def by_hour(load):
    """How many users signed up in each hour of the day."""
    return load("users")["signup_ts"].dt.hour.value_counts()


QUESTIONS = {
    "0.1": Number(
        right=lambda load: by_hour(load)[20] / by_hour(load).sum(),
        tolerance=0.001,
        unit="a proportion between 0 and 1",
        mistakes={
            "this counts the users; divide by the number of all users": lambda load: by_hour(load)[20],
            "this is the hour before, from 19:00 to 20:00": lambda load: by_hour(load)[19] / by_hour(load).sum(),
            "this is the hour after, from 21:00 to 22:00": lambda load: by_hour(load)[21] / by_hour(load).sum(),
        },
    ),
}
