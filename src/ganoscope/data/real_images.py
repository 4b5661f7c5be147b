"""Some images of a store, with what is known of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store


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
