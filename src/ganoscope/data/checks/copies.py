"""When an image counts as a copy of a training image: by the resemblance that held-out images of other patients reach.

Two images of different patients resemble each other, in some sets a lot. So the border is measured: an image is a copy
when it is nearer to its nearest training image than all but 1 % of the validation split's images are, and also
correlates with it by at least `MIN_CORRELATION`. Held-out images passed off as generated ones are then flagged no more
often than chance, in any set. The test split is not used: what is kept for training must not depend on it.
See `nearest.py` for what is compared.

Source: distances of generated and of held-out images to the training set: Meehan, Chaudhuri, Dasgupta 2020,
https://arxiv.org/abs/2004.05675; the border by rank: Vovk, Gammerman, Shafer 2005, sect. 2.2.
Differs: a border for single images, where Meehan et al. compare whole sets.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.checks.nearest import SearchIndex, find_nearest, make_search_index
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.seeds import Stream, stream

FALSE_POSITIVES = 0.01
"""Share of real images that may be taken for copies."""
MIN_CORRELATION = 0.8
"""Images that correlate less with every training image never count as copies."""
MOST_HELD_OUT = 1000
"""Most held-out images that are used."""
CLOSE = 0.98
"""A border above lets changed copies pass: held-out images then resemble training images as copies do."""


@dataclass(frozen=True)
class CopyBorder:
    """From which correlation with a training image on an image is a copy.

    Attributes:
        correlation: The border; an image above it is a copy.
        held_out: Held-out images that it was measured on.
        groups: Patients, or clusters of near-duplicates, among them.
        false_positives: Share of real images that are flagged by chance, at most: above 1 % where fewer than 99
            held-out images leave no better choice.
    """

    correlation: float
    held_out: int
    groups: int
    false_positives: float


def index_training(store: Store) -> SearchIndex:
    """Returns an index of the store's training images, at positions in the order of `store.indices("train")`."""
    training = store.indices("train")
    return make_search_index(lambda positions: store.load_images(training[positions])[:, 0], len(training))


def measure_border(store: Store, index: SearchIndex, seed: int = 0) -> CopyBorder:
    """Returns the border between copies and images that only resemble training images.

    Args:
        store: Its validation images are compared with its training images.
        index: From `index_training`.
        seed: Random seed of the choice of held-out images.

    Raises:
        UserError: The store has no validation image.
    """
    chosen, groups = choose_held_out(store, seed)
    if not len(chosen):
        raise UserError(
            f"copies can't be told from resemblance: got 0 validation images in store {store.path}; allowed: 1 or "
            "more, 99 for the stated rate of 1 %. Prepare a store with a validation split."
        )
    blocks = [chosen[start : start + 64] for start in range(0, len(chosen), 64)]
    found = [find_nearest(index, store.load_images(block)[:, 0]).correlation for block in blocks]
    return place_border(np.concatenate(found), groups)


def choose_held_out(store: Store, seed: int) -> tuple[NDArray[np.int64], int]:
    """Chooses validation images, spread over their groups.

    Returns:
        Ascending positions of up to MOST_HELD_OUT images, shape (N,), and the number of groups in the validation split.
    """
    held_out = stream(seed, Stream.COPY_CANDIDATES).permutation(store.indices("validation"))
    groups = store.column("group")[held_out]
    return np.sort(held_out[take_turns(groups)[:MOST_HELD_OUT]]), len(np.unique(groups))


def take_turns(groups: NDArray[Any]) -> NDArray[np.int64]:
    """Returns positions, shape (N,), in an order in which groups take turns: first one image of each, then the next.

    Args:
        groups: Group of each image, shape (N,).

    Example:
        >>> take_turns(np.array(["a", "a", "b", "a"])).tolist()
        [0, 2, 1, 3]
    """
    seen: dict[Any, int] = {}
    turns = []
    for group in groups.tolist():
        seen[group] = seen.get(group, -1) + 1
        turns.append(seen[group])
    return np.argsort(turns, kind="stable").astype(np.int64)


def place_border(correlations: NDArray[np.float64], groups: int) -> CopyBorder:
    """Returns the border for held-out images with these correlations to their nearest training images.

    The border is the r-th largest of n correlations, r = max(1, floor(0.01 (n + 1))): a further image of the same
    kind lies above it with a probability of r / (n + 1). It is raised to MIN_CORRELATION.

    Example:
        >>> place_border(np.linspace(0, 0.9, 199), groups=199).false_positives
        0.01
    """
    count = len(correlations)
    rank = max(1, int(FALSE_POSITIVES * (count + 1)))
    border = max(MIN_CORRELATION, float(np.sort(correlations)[-rank]))
    return CopyBorder(border, count, groups, rank / (count + 1))
