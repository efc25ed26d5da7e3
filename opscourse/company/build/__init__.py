"""The builders, one module a topic; importing this package registers them all."""

from opscourse.company.build import (
    advertising,
    calendar,
    channels,
    content,
    experiments,
    places,
    platforms,
    shop,
    touchpoints,
)

__all__ = ["advertising", "calendar", "channels", "content", "experiments", "places", "platforms", "shop", "touchpoints"]
