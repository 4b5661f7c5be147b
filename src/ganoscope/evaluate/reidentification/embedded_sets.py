"""The images of an audit as a metric network sees them."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from ganoscope.data.real_images import RealImages
from ganoscope.evaluate.reidentification.alteration import PLANTED, alter
from ganoscope.evaluate.reidentification.metric_training import Metric
from ganoscope.evaluate.reidentification.nearest_patient import Embedded, Floats
from ganoscope.seeds import Stream, stream

BATCH = 512
"""Images that are loaded at once."""
LARGEST_PX = 64
"""Side that larger images are averaged to: where patients are told apart, detail matters little."""
Load = Callable[[NDArray[np.int64]], NDArray[np.float32]]


def shrink(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns images (N, 1, H, W) averaged to `LARGEST_PX` where they are larger."""
    if images.shape[-1] <= LARGEST_PX:
        return images
    return F.interpolate(torch.from_numpy(images), size=(LARGEST_PX, LARGEST_PX), mode="area").numpy()


def load_shrunk(load: Load, positions: NDArray[np.int64]) -> NDArray[np.float32]:
    """Returns images at positions, shape (N,), in their order, at most `LARGEST_PX` wide."""
    blocks = [shrink(load(positions[start : start + BATCH])) for start in range(0, len(positions), BATCH)]
    return np.concatenate(blocks)


def embed_images(metric: Metric, load: Load, count: int) -> Floats:
    """Returns the embeddings of images that are read block by block, shape (count, D).

    Args:
        metric: Metric network.
        load: From ascending positions to images.
        count: Number of images.
    """
    positions = np.arange(count)
    blocks = [metric.embed(shrink(load(positions[start : start + BATCH]))) for start in range(0, count, BATCH)]
    return np.concatenate(blocks)


def embed_real(metric: Metric, real: RealImages) -> Embedded:
    """Returns real images with their patients, and with class and view."""
    classes, views, patients = (real.store.column(name)[real.indices] for name in ("label", "view", "patient"))
    embeddings = embed_images(metric, lambda rows: real.store.load_images(real.indices[rows]), len(real.indices))
    return Embedded(embeddings, real.groups, classes, views, patients != "")


def embed_altered(metric: Metric, real: RealImages, number: int, seed: int) -> Floats:
    """Returns the embeddings of altered copies of real images, chosen at random, shape (number or fewer, D).

    Args:
        metric: Metric network.
        real: Images to choose from.
        number: Most copies.
        seed: Seed of choice and alteration.
    """
    random = stream(seed, Stream.ALTERED_COPIES)
    count = len(real.indices)
    chosen = np.sort(random.choice(count, min(number, count), replace=False))
    images = load_shrunk(real.store.load_images, real.indices[chosen])
    return metric.embed(alter(images, PLANTED, random, hole=False).numpy())
