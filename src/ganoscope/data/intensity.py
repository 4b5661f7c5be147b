"""The one way between stored units and the network's range, exact in both directions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.errors import UserError


@dataclass(frozen=True)
class IntensityMap:
    """Affine map between stored pixels in [low, high] and images in [-1, 1].

    Attributes:
        low: Stored value that becomes -1.
        high: Stored value that becomes +1; above `low`.
        unit: What a stored value means: `HU`, `grey 8 bit`, `grey 16 bit`.
        dtype: NumPy type of stored pixels: `uint8`, `uint16` or `int16`.
    """

    low: float
    high: float
    unit: str
    dtype: str

    def __post_init__(self) -> None:
        """Checks the range and the type."""
        if not self.low < self.high:
            raise UserError(
                f"intensity range is empty: got low {self.low}, high {self.high}; allowed: low < high. "
                "Are all images of one constant value?"
            )
        if self.dtype not in ("uint8", "uint16", "int16"):
            raise UserError(f"pixel type is not supported: got {self.dtype}; allowed: uint8, uint16, int16.")

    def to_network(self, pixels: NDArray[np.generic]) -> NDArray[np.float32]:
        """Returns images in network range.

        Args:
            pixels: Stored units, any shape.

        Returns:
            Same shape, float32, -1 at `low` and +1 at `high`.

        Example:
            >>> IntensityMap(0, 255, "grey 8 bit", "uint8").to_network(np.array([0, 255], np.uint8)).tolist()
            [-1.0, 1.0]
        """
        scale = np.float32(2.0 / (self.high - self.low))
        image = np.subtract(pixels, self.low, dtype=np.float32)
        image *= scale
        image -= 1.0
        return image

    def to_pixels(self, image: NDArray[np.float32]) -> NDArray[np.generic]:
        """Returns stored units: the inverse of `to_network`, rounded to the nearest stored value.

        Args:
            image: Network range, any shape; values outside [-1, 1] are clipped to it.

        Returns:
            Same shape, of type `dtype`.
        """
        unit = (np.clip(image, -1.0, 1.0).astype(np.float64) + 1.0) / 2.0
        return np.rint(unit * (self.high - self.low) + self.low).astype(self.dtype)

    def to_display(self, pixels: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Returns 8-bit grey for looking at: `low` is black, `high` is white."""
        return np.rint((self.to_network(pixels).clip(-1, 1) + 1) * 127.5).astype(np.uint8)
