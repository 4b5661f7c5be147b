"""Some images of a store, or of several, loaded when they are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store

BLOCK = 512
"""Images that are loaded at once."""


class Images(Protocol):
    """An array of images in network range, shape (N, 1, H, W), or what is loaded like one."""

    def __len__(self) -> int:
        """Returns N."""

    def __getitem__(self, where: slice) -> NDArray[np.float32]:
        """Returns some of them, shape (n, 1, H, W)."""


def split_blocks(images: Images) -> Iterator[NDArray[np.float32]]:
    """Yields images in blocks, shape (up to BLOCK, 1, H, W)."""
    for start in range(0, len(images), BLOCK):
        yield images[start : start + BLOCK]


@dataclass(frozen=True)
class RealImages:
    """Some images of a store.

    Attributes:
        store: The store.
        indices: Positions of the images, shape (N,).
    """

    store: Store
    indices: NDArray[np.int64]

    @property
    def groups(self) -> NDArray[Any]:
        """Patient or near-duplicate cluster of each image, shape (N,)."""
        return self.store.column("group")[self.indices]


@dataclass(frozen=True)
class JoinedImages:
    """Images of several stores in one row.

    Attributes:
        sides: The images to choose from.
        chosen: Positions of the images in this row, counted through all sides, shape (N,).
    """

    sides: tuple[RealImages, ...]
    chosen: NDArray[np.int64]

    def __len__(self) -> int:
        """Returns N."""
        return len(self.chosen)

    def __getitem__(self, where: slice) -> NDArray[np.float32]:
        """Returns some of them, shape (n, 1, H, W)."""
        wanted, parts, places = self.chosen[where], [], []
        starts = accumulate((len(side.indices) for side in self.sides), initial=0)
        for start, side in zip(starts, self.sides, strict=False):
            own = np.flatnonzero((wanted >= start) & (wanted < start + len(side.indices)))
            parts.append(side.store.load_images(side.indices[wanted[own] - start]))
            places.append(own)
        return np.concatenate(parts)[np.argsort(np.concatenate(places))]

    def take(self, positions: NDArray[np.int64]) -> "JoinedImages":
        """Returns those at some positions, shape (n,)."""
        return JoinedImages(self.sides, self.chosen[positions])


def join_images(*sides: RealImages) -> JoinedImages:
    """Returns the images of several stores in one row."""
    return JoinedImages(sides, np.arange(sum(len(side.indices) for side in sides)))
