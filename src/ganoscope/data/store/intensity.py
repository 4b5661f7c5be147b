"""Converts between stored units and network range, exactly in both directions inside a declared window."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.picture import Unit
from ganoscope.errors import UserError, describe, refuse

WINDOWS = {
    "full": (1023.5, 4095.0),
    "lung": (-600.0, 1500.0),
    "soft_tissue": (40.0, 400.0),
    "mediastinum": (40.0, 400.0),
    "bone": (400.0, 1800.0),
    "brain": (40.0, 80.0),
}
"""Centre and width in HU, as used in radiology; `full` is -1024 to 3071, the range of 12 bits."""

VIEW = (-1000.0, 600.0)
"""HU shown as black and white when the window is wider than `WIDE_HU`: lung, soft tissue, contrast medium and bone can
be distinguished. It does not affect networks or files."""
WIDE_HU = 2000.0

DTYPE_OF_UNIT: dict[Unit, str] = {"grey 8 bit": "uint8", "grey 16 bit": "uint16", "HU": "int16", "signal": "uint16"}
SCALED_UNIT = "signal, scaled"
"""Unit of a store whose images or series were mapped to 16 bits individually; the manifest holds the raw ranges."""


@dataclass(frozen=True)
class IntensityConfig:
    """How stored values are mapped to the range of the networks."""

    window: str = "full"
    """HU window of the networks (values outside are clipped): full, lung, soft_tissue, mediastinum, bone, brain, or
    CENTRE/WIDTH such as 50/350. The store keeps all HU."""
    scale: Literal["auto", "none", "image", "series"] = "auto"
    """How signals without a common scale are mapped to 16 bits: per image, per series, or not at all; auto: per series
    for MR and other signals, none for HU and 8- and 16-bit pictures."""
    low_percentile: float = 0.5
    """Percentile mapped to black when an image or series is scaled; 0 for the full range."""
    high_percentile: float = 99.5
    """Percentile mapped to white; 100 for the full range."""

    def __post_init__(self) -> None:
        """Checks the window and the percentiles.

        Raises:
            UserError: A value is invalid.
        """
        refuse(self.list_intensity_faults())

    def list_intensity_faults(self) -> list[str]:
        """Returns the faults of the window and the percentiles."""
        faults = []
        if parse_window(self.window) is None:
            allowed = f"{', '.join(WINDOWS)}, or CENTRE/WIDTH with a width of 1 or more"
            faults.append(describe("--window is not known", self.window, allowed, "Choose one."))
        if not 0 <= self.low_percentile < self.high_percentile <= 100:
            given = f"{self.low_percentile} and {self.high_percentile}"
            faults.append(describe("percentiles are impossible", given, "0 <= low < high <= 100", "Choose others."))
        return faults


def parse_window(window: str) -> tuple[float, float] | None:
    """Returns the lowest and highest HU of a named window or of CENTRE/WIDTH; None if it is neither.

    Example:
        >>> parse_window("lung"), parse_window("50/350"), parse_window("fat")
        ((-1350.0, 150.0), (-125.0, 225.0), None)
    """
    centre_width = WINDOWS.get(window)
    if centre_width is None:
        try:
            centre, width = (float(part) for part in window.split("/"))
        except ValueError:
            return None
        if not (width >= 1 and abs(centre) + width < 1e5):
            return None
        centre_width = (centre, width)
    centre, width = centre_width
    return centre - width / 2, centre + width / 2


def find_raw_range(images: Sequence[NDArray[np.generic]], config: IntensityConfig) -> tuple[float, float]:
    """Returns the two percentiles over all images, shape (H, W) each; the range is never empty."""
    values = np.concatenate([image.ravel() for image in images])
    low, high = np.percentile(values, (config.low_percentile, config.high_percentile))
    if not low < high:  # a few bright pixels on a constant background
        low, high = float(values.min()), float(values.max())
    return float(low), float(high if low < high else low + 1)


def scale_to_16_bits(pixels: NDArray[np.generic], raw_range: tuple[float, float]) -> NDArray[np.uint16]:
    """Maps the raw range to 0 to 65535 and clips values outside; any shape.

    Example:
        >>> scale_to_16_bits(np.array([-5.0, 0.0, 50.0, 100.0]), (0.0, 100.0)).tolist()
        [0, 0, 32768, 65535]
    """
    low, high = raw_range
    unit = (pixels.astype(np.float64) - low) / (high - low)
    return np.rint(unit.clip(0, 1) * 65535).astype(np.uint16)


@dataclass(frozen=True)
class IntensityMap:
    """Affine map between stored pixels in [low, high] and images in [-1, 1]; values outside are clipped.

    Attributes:
        low: Stored value mapped to -1.
        high: Stored value mapped to +1; above `low`.
        unit: Unit of stored values: `HU`, `grey 8 bit`, `grey 16 bit` or `signal, scaled`.
        dtype: NumPy data type of stored pixels: `uint8`, `uint16` or `int16`.
    """

    low: float
    high: float
    unit: str
    dtype: str

    def __post_init__(self) -> None:
        """Checks the range and the data type.

        Raises:
            UserError: The range is empty, or the data type is not supported.
        """
        if not self.low < self.high:
            raise UserError(
                f"intensity range is empty: got low {self.low}, high {self.high}; allowed: low < high. "
                "Do all images have one constant value?"
            )
        if self.dtype not in ("uint8", "uint16", "int16"):
            raise UserError(f"pixel type is not supported: got {self.dtype}; allowed: uint8, uint16, int16.")

    def to_network(self, pixels: NDArray[np.generic]) -> NDArray[np.float32]:
        """Returns images in network range.

        Args:
            pixels: Stored units, any shape.

        Returns:
            Same shape, float32, -1 at `low` and below, +1 at `high` and above.

        Example:
            >>> IntensityMap(0, 255, "grey 8 bit", "uint8").to_network(np.array([0, 255], np.uint8)).tolist()
            [-1.0, 1.0]
        """
        scale = np.float32(2.0 / (self.high - self.low))
        image = np.subtract(pixels, self.low, dtype=np.float32)
        image *= scale
        image -= 1.0
        return np.clip(image, -1.0, 1.0, out=image)

    def to_pixels(self, image: NDArray[np.float32]) -> NDArray[np.generic]:
        """Returns stored units: the inverse of `to_network`, rounded to the nearest stored value.

        Args:
            image: Network range, any shape; values outside [-1, 1] are clipped to it.

        Returns:
            Same shape, data type `dtype`.
        """
        unit = (np.clip(image, -1.0, 1.0).astype(np.float64) + 1.0) / 2.0
        return np.rint(unit * (self.high - self.low) + self.low).astype(self.dtype)

    @property
    def view(self) -> tuple[float, float]:
        """Stored values displayed as black and white: `low` and `high`, or `VIEW` for a wide HU window."""
        wide = self.unit == "HU" and self.high - self.low > WIDE_HU
        return (max(self.low, VIEW[0]), min(self.high, VIEW[1])) if wide else (self.low, self.high)

    def to_view(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps images in network range, any shape, to display range: -1 is black, +1 is white; NaN stays NaN.

        Example:
            >>> intensity = IntensityMap(-1024, 3071, "HU", "int16")
            >>> intensity.to_view(intensity.to_network(np.array([-1000, -200, 600]))).round(3).tolist()
            [-1.0, 0.0, 1.0]
        """
        low, high = ((2 * value - self.low - self.high) / (self.high - self.low) for value in self.view)
        return ((image - np.float32((low + high) / 2)) * np.float32(2 / (high - low))).clip(-1, 1)

    def to_display(self, pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Returns stored pixels, any shape, as 8-bit grey values for display, between the ends of `view`."""
        return np.rint((self.to_view(self.to_network(pixels)) + 1) * 127.5).astype(np.uint8)
