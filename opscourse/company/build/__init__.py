"""The builders, one module a topic; importing this package registers them all."""

from opscourse.company.build import calendar, channels, content, experiments, places, platforms, shop, touchpoints

__all__ = ["calendar", "channels", "content", "experiments", "places", "platforms", "shop", "touchpoints"]
