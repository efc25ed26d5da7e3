"""Measures of management: those of `opscourse.money` and `opscourse.risk`."""

from opscourse.money import cash_forecast, cash_runway, concentration, hhi_bounds, newsvendor
from opscourse.risk import loss_simulation, spread

__all__ = ["cash_forecast", "cash_runway", "concentration", "hhi_bounds", "loss_simulation", "newsvendor", "spread"]
