"""Whether a measurement lies apart from its floor, the value of real images of other patients, and the words for it.

Both numbers are compared at equal numbers of images. The interval of the value is moved there, and widened where fewer
images are compared than it was computed from. The floor's interval is taken to be at least as wide: as many real
images are no more certain. The difference is divided by its standard error, and the p value of all numbers of a
question are corrected together (Holm): where images are as good as real ones, a question says otherwise in 5% at most.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from ganoscope.audits.answer import Value
from ganoscope.audits.display_names import find_display
from ganoscope.contracts import Measured
from ganoscope.statistics.estimate import LEVEL, Estimate
from ganoscope.statistics.holm import adjust_holm

Side = Literal["above", "below", "neither"]
NORMAL = NormalDist()
ENDS = NORMAL.inv_cdf((1 + LEVEL) / 2)
"""Standard errors from a value to the ends of its interval."""


@dataclass(frozen=True)
class BesideFloor:
    """A value and its floor at equal numbers of images.

    Attributes:
        value: The value with its interval.
        floor: The floor with its interval.
    """

    value: Estimate
    floor: Estimate

    def measure_error(self, side: Side) -> float:
        """Returns the standard error of the difference, from those halves of the intervals that face each other."""
        upper, lower = (self.value, self.floor) if side == "above" else (self.floor, self.value)
        return float(np.hypot(upper.value - upper.low, lower.high - lower.value)) / ENDS

    def compute_p(self, side: Side) -> float:
        """Returns the one-sided p value of the value lying on a side of its floor; 1 for `neither`."""
        gap = self.value.value - self.floor.value if side == "above" else self.floor.value - self.value.value
        if side == "neither" or gap <= 0:
            return 1.0
        error = self.measure_error(side)
        return NORMAL.cdf(-gap / error) if error > 0 else 0.0

    def find_visible(self, side: Side, p: float) -> float:
        """Returns the value beyond which one on a side of the floor would have had a smaller p value than this."""
        reach = -NORMAL.inv_cdf(p) * self.measure_error(side)
        return self.floor.value + (reach if side == "above" else -reach)

    @property
    def ratio(self) -> float:
        """The value divided by the floor; NaN where the floor is not above 0."""
        return self.value.value / self.floor.value if self.floor.value > 0 else np.nan


def place_beside_floor(measured: Measured) -> BesideFloor | None:
    """Returns a measurement beside its floor; None where it has none, or where no interval is known."""
    value, floor = measured.value, measured.floor
    if floor is None or not np.isfinite([value.value, value.low, value.high, floor.value]).all():
        return None
    centre = value.value if measured.at_floor_size is None else measured.at_floor_size
    wider = max(1.0, np.sqrt(value.n / floor.n)) if measured.at_floor_size is not None and floor.n else 1.0
    down, up = wider * (value.value - value.low), wider * (value.high - value.value)
    low, high = (end if np.isfinite(end) else floor.value for end in (floor.low, floor.high))
    return BesideFloor(
        Estimate(centre, centre - down, centre + up, value.n, value.groups),
        Estimate(floor.value, min(low, floor.value - up), max(high, floor.value + down), floor.n, floor.groups),
    )


def find_worse(values: Sequence[Value], find_side: Callable[[Value], Side]) -> list[Value]:
    """Returns the values that lie on the worse side of their floors, all of them tested together.

    Args:
        values: Numbers of a question.
        find_side: Tells the worse side of each.

    Source: Holm 1979, https://www.jstor.org/stable/4615733
    """
    placed = [(place_beside_floor(value.measured), find_side(value)) for value in values]
    p = adjust_holm([beside.compute_p(side) if beside else 1.0 for beside, side in placed])
    return [value for value, one in zip(values, p, strict=True) if one <= 1 - LEVEL]


def find_worse_side(value: Value) -> Side:
    """Returns the side of the floor that is worse, by the measurement's own word; `neither` for `like real`."""
    sides: dict[str, Side] = {"lower": "above", "higher": "below", "like real": "neither"}
    return sides[value.measured.better]


def measure_multiple(value: Value) -> float:
    """Returns a value as a multiple of its floor; NaN where that says nothing."""
    beside = place_beside_floor(value.measured)
    return beside.ratio if beside and find_display(value.name).multiple else np.nan


def find_farthest(values: Sequence[Value]) -> Value:
    """Returns the value that is farthest from its floor: by its multiple, otherwise by its p value.

    Args:
        values: One or more, all beside a floor.
    """

    def rank(value: Value) -> tuple[float, float]:
        beside, multiple = place_beside_floor(value.measured), measure_multiple(value)
        far = abs(np.log(multiple)) if multiple > 0 else np.inf if multiple == 0 else 0.0
        return float(far), -min(beside.compute_p("above"), beside.compute_p("below")) if beside else 0.0

    return max(values, key=rank)


def write_beside_floor(value: Value) -> str:
    """Returns a value beside its floor in words, such as `0.41 (0.35 to 0.47), 3.1 times that of real patients (0.13)`.

    Where the ratio says nothing, such as for a logarithm or a floor of 0, both numbers stand alone.
    """
    beside, kind = place_beside_floor(value.measured), find_display(value.name).multiple
    if beside is None:
        return f"{value.measured.value.value:.3g}"
    text = f"{beside.value.value:.3g} ({beside.value.low:.3g} to {beside.value.high:.3g})"
    if kind and np.isfinite(beside.ratio):
        digits = 1 if beside.ratio >= 1 else 2
        return f"{text}, {beside.ratio:.{digits}f} times that {kind} real patients ({beside.floor.value:.3g})"
    return f"{text} against {beside.floor.value:.3g} of real patients"
