"""Medians, spreads and ratios: what may be said of a few noisy figures."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A median and the range that the middle of the figures lies in.

    low, high: the quartiles if there are eight figures or more, else the least and the greatest.
    """

    median: float
    low: float
    high: float

    @property
    def spread(self):
        """Half of the range, as a share of the median."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0

    def differs_from(self, other):
        """Whether the ranges do not touch. Only then do two figures count as different."""
        return self.low > other.high or self.high < other.low


def figure(values):
    """The Figure of one or more numbers."""
    values = sorted(values)
    if len(values) >= 8:
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    else:
        low, high = values[0], values[-1]
    return Figure(statistics.median(values), low, high)


def ratio(over, under):
    """The Figure of over[i] / under[i], round by round: what slowed a round slowed both."""
    return figure([a / b for a, b in zip(over, under, strict=True)])
