"""The builders, one module a topic; importing this package registers them all."""

from opscourse.company.build import calendar, channels, experiments, places, shop, touchpoints

__all__ = ["calendar", "channels", "experiments", "places", "shop", "touchpoints"]
