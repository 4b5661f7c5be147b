"""Whether a measurement lies apart from its floor, the value of real images of other patients, and the words for it.

Both numbers are compared at equal numbers of images. The interval of the value is moved there, and widened where fewer
images are compared than it was computed from. The floor's interval is taken to be at least as wide: as many real
images are no more certain. Two such intervals that do not touch differ at about 0.5 % (two-sided).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ganoscope.audits.answer import Value
from ganoscope.contracts import Measured
from ganoscope.statistics.estimate import Estimate

Side = Literal["above", "below", "neither"]


@dataclass(frozen=True)
class BesideFloor:
    """A value and its floor at equal numbers of images.

    Attributes:
        value: The value with its interval.
        floor: The floor with its interval.
    """

    value: Estimate
    floor: Estimate

    @property
    def side(self) -> Side:
        """Side of the floor that the whole interval lies on; `neither` where the intervals touch."""
        if self.value.low > self.floor.high:
            return "above"
        return "below" if self.value.high < self.floor.low else "neither"

    @property
    def ratio(self) -> float:
        """The value divided by the floor; NaN where the floor is not above 0."""
        return self.value.value / self.floor.value if self.floor.value > 0 else np.nan

    @property
    def visible(self) -> tuple[float, float]:
        """Values below the first and above the second would have been told from the floor."""
        down, up = self.value.value - self.value.low, self.value.high - self.value.value
        return self.floor.low - up, self.floor.high + down


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


def write_beside_floor(value: Value) -> str:
    """Returns a value beside its floor in words, such as `0.41 (0.35 to 0.47), 3.1 times that of real patients (0.13)`.

    Where the ratio says nothing, such as for a share or a floor of 0, both numbers stand alone.
    """
    beside = place_beside_floor(value.measured)
    if beside is None:
        return f"{value.measured.value.value:.3g}"
    text = f"{beside.value.value:.3g} ({beside.value.low:.3g} to {beside.value.high:.3g})"
    if value.name == "frechet_distance" and np.isfinite(beside.ratio):
        return f"{text}, {beside.ratio:.1f} times that between real patients ({beside.floor.value:.3g})"
    floor = f"{beside.floor.value:.3g} ({beside.floor.low:.3g} to {beside.floor.high:.3g})"
    return f"{text} against {floor} of real patients"


def is_worse(value: Value, worse: Side) -> bool:
    """Tells whether a value lies wholly on the worse side of its floor."""
    beside = place_beside_floor(value.measured)
    return beside is not None and beside.side == worse


def find_worse_side(value: Value) -> Side:
    """Returns the side of the floor that is worse, by the measurement's own word; `neither` for `like real`."""
    sides: dict[str, Side] = {"lower": "above", "higher": "below", "like real": "neither"}
    return sides[value.measured.better]
