"""Which images make up which training step: a pure function of the seed and the number of images seen.

The stream is one shuffled pass over the training images after the other, without end. Because it has no state, a run
that resumes at any number of images seen goes on exactly as if it had never stopped.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=2)
def shuffle(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Returns the order of one pass: a permutation of range(count) that only its arguments decide."""
    return np.random.default_rng([seed, 3, epoch]).permutation(count)


def choose_batch(indices: NDArray[np.int64], images_seen: int, batch_size: int, seed: int) -> NDArray[np.int64]:
    """Returns the store positions of the batch that follows after `images_seen` images.

    Args:
        indices: Positions of the training images in the store, shape (N,).
        images_seen: Images consumed so far, over all processes.
        batch_size: Images wanted, over all processes; a batch may span two passes.
        seed: Of the order.

    Returns:
        Shape (batch_size,).

    Example:
        >>> stream = [choose_batch(np.arange(5), seen, 2, seed=0) for seen in range(0, 10, 2)]
        >>> np.bincount(np.concatenate(stream)).tolist()
        [2, 2, 2, 2, 2]
    """
    positions = np.arange(images_seen, images_seen + batch_size)
    epochs, within = np.divmod(positions, len(indices))
    chosen = np.empty(batch_size, np.int64)
    for epoch in np.unique(epochs):
        here = epochs == epoch
        chosen[here] = shuffle(len(indices), seed, int(epoch))[within[here]]
    return indices[chosen]
