"""Features of images, in which distances between sets of images are computed.

No single family of features can be trusted on medical images (Woodland et al. 2024), so there are several. Features of
a ganoscope classifier respond to what distinguishes the classes. Those of a fixed random network need no training, have
seen no patient, and respond to blur and noise that a classifier may have learned to ignore. A third family, intensity
and texture as radiomics measures them, has names that a reader can check.

A classifier's features differ between its training images and all others, however similar these are. A distance to its
train split is therefore compared with the distance of held-out real images from the same split, not with that between
two halves of it: see `peer` in `ganoscope.evaluate.set_distance`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganoscope.classifiers.fitness import refuse_other_images
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.moments import Moments
from ganoscope.evaluate.radiomics.image_features import LEVELS, compute_radiomics
from ganoscope.seeds import Stream, stream

BATCH = 64
"""Images per pass of an extractor."""
RANDOM_CHANNELS = (16, 32, 64)
"""Channels of the random network's levels; each level halves the side."""
RANDOM_GAIN = 8.0
"""Gain of its first level: features are then about 1 on medical images, as the kernel distance expects."""

RADIOMICS = "radiomics"
"""Name of the extractor of radiomics."""
MOST_DEVIATIONS = 10.0
"""Standard deviations from the mean at which standardised features are clipped."""


@dataclass(frozen=True)
class Extractor:
    """A fixed function from images to features.

    Attributes:
        name: Name in reports.
        weights_sha256: SHA-256 of the weights.
        compute: Maps images (B, 1, H, W) in [-1, 1] to features (B, C).
        device: Device of the weights.
        classifier: Classifier that the features belong to; None for a random network.
    """

    name: str
    weights_sha256: str
    compute: Callable[[Tensor], Tensor]
    device: torch.device = torch.device("cpu")
    classifier: TrainedClassifier | None = None


@dataclass(frozen=True)
class Features:
    """Features of a set of images.

    Attributes:
        values: Shape (N, C), float64.
        groups: Patient or near-duplicate cluster of each image, shape (N,): images of one group are not independent.
            A generated image is a group of its own.
        extractor: Name of the extractor.
        weights_sha256: SHA-256 of its weights.
        moments: Mean and covariance of all images of a larger set, of which these are a random part; None where they
            are the whole set.
    """

    values: NDArray[np.float64]
    groups: NDArray[Any]
    extractor: str
    weights_sha256: str
    moments: Moments | None = None

    @property
    def count(self) -> int:
        """Number of images of the set."""
        return round(self.moments.count) if self.moments else len(self.values)

    def take(self, indices: NDArray[np.int64]) -> Self:
        """Returns the features at some positions, shape (M,)."""
        return replace(self, values=self.values[indices], groups=self.groups[indices], moments=None)


def use_classifier(classifier: TrainedClassifier) -> Extractor:
    """Returns the extractor of a classifier's features: the mean of its last feature map over the map."""
    record = classifier.record
    return Extractor(
        name=f"{record.network}, trained on {record.store_name}",
        weights_sha256=record.weights_sha256,
        compute=lambda image: classifier(image).features.mean(dim=(2, 3)),
        device=next(classifier.network.parameters()).device,
        classifier=classifier,
    )


class RandomNetwork(nn.Module):
    """Levels of 3 x 3 convolutions with stride 2 and ReLU, random weights; features are the means of every level.

    The filters sum to 0: features respond to edges and texture, not to the mean grey.

    Source: random embeddings after Naeem et al. 2020, sect. 3.2, https://arxiv.org/abs/2002.09797.
    Differs: three levels in place of VGG16, the means of all levels in place of the last one's values, zero-sum
    filters. Compared with the last level's means, these respond to weaker blur and noise on X-rays and MRI.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        rng = stream(seed, Stream.RANDOM_NETWORK)
        self.filters = nn.ParameterList()
        for number, (narrow, wide) in enumerate(pairwise((1, *RANDOM_CHANNELS))):
            filters = rng.standard_normal((wide, narrow, 3, 3), dtype=np.float32)
            filters -= filters.mean(axis=(1, 2, 3), keepdims=True)
            filters *= np.sqrt(2) / np.sqrt((filters**2).sum(axis=(1, 2, 3), keepdims=True))
            self.filters.append(torch.from_numpy(filters if number else RANDOM_GAIN * filters))

    def forward(self, image: Tensor) -> Tensor:
        """Returns features (B, C) of images (B, 1, H, W), C the sum of `RANDOM_CHANNELS`."""
        means = []
        for filters in self.filters:
            image = torch.relu(torch.nn.functional.conv2d(image, filters, stride=2, padding=1))
            means.append(image.mean(dim=(2, 3)))
        return torch.cat(means, dim=1)


def make_random_extractor(seed: int = 0, device: str = "cpu") -> Extractor:
    """Returns the extractor with a random network's weights; the same seed gives the same weights.

    Example:
        >>> make_random_extractor().compute(torch.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 112])
    """
    network = RandomNetwork(seed).eval().requires_grad_(False)
    digest = hashlib.sha256()
    for weights in network.state_dict().values():
        digest.update(weights.numpy().tobytes())
    place = torch.device(device)
    return Extractor(f"random network, seed {seed}", digest.hexdigest(), network.to(place), place)


def make_radiomics_extractor() -> Extractor:
    """Returns the extractor of IBSI intensity and texture features, see `ganoscope.evaluate.radiomics.image_features`.

    Their scales differ by orders of magnitude: standardise them before distances are computed.

    Example:
        >>> make_radiomics_extractor().compute(torch.zeros(2, 1, 16, 16)).shape
        torch.Size([2, 81])
    """

    def compute(images: Tensor) -> Tensor:
        found = compute_radiomics(images[:, 0].cpu().numpy())
        return torch.from_numpy(np.stack(list(found.values()), axis=1))

    names = ",".join(compute_radiomics(np.zeros((1, 16, 16), np.float32)))
    digest = hashlib.sha256(f"{LEVELS}:{names}".encode()).hexdigest()
    return Extractor(RADIOMICS, digest, compute)


def standardise(features: Features, reference: Features) -> Features:
    """Returns features divided by the standard deviation of a reference, around its mean, and clipped at 10 of them.

    The clip keeps a single broken image from deciding a distance.

    Args:
        features: Features of a set.
        reference: Features of the same extractor, such as those of the training images.
    """
    middle, scale = reference.values.mean(axis=0), reference.values.std(axis=0)
    values = (features.values - middle) / np.where(scale > 1e-12, scale, 1.0)
    return replace(features, values=values.clip(-MOST_DEVIATIONS, MOST_DEVIATIONS))


@torch.no_grad()
def stream_features(extractor: Extractor, images: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float64]]:
    """Yields features, shape (B, C), of batches of images, shape (B, 1, H, W), network range.

    Raises:
        UserError: A feature is not finite.
    """
    for batch in images:
        for start in range(0, len(batch), BATCH):
            block = torch.from_numpy(np.ascontiguousarray(batch[start : start + BATCH])).to(extractor.device)
            values = extractor.compute(block).double().cpu().numpy()
            if not np.isfinite(values).all():
                raise UserError(f"features of {extractor.name} are not finite: are the images finite, in [-1, 1]?")
            yield values


def extract_features(
    extractor: Extractor, images: Iterable[NDArray[np.float32]], groups: NDArray[Any] | None = None
) -> Features:
    """Returns the features of all images.

    Args:
        extractor: Feature extractor.
        images: Batches in network range, shape (B, 1, H, W) each, such as `ganoscope.generation.draw_images` yields.
        groups: Group of each image, shape (N,); by default every image is a group of its own.

    Raises:
        UserError: There are no images, or a feature is not finite.
    """
    blocks = list(stream_features(extractor, images))
    if not blocks:
        raise UserError(f"no images to compute features of {extractor.name}: got 0; allowed: 1 or more.")
    values = np.concatenate(blocks)
    named = np.arange(len(values)) if groups is None else groups
    return Features(values, named, extractor.name, extractor.weights_sha256)


def extract_store_features(extractor: Extractor, store: Store, indices: NDArray[np.int64]) -> Features:
    """Returns the features of a store's images at some positions, grouped by patient or near-duplicate cluster.

    Args:
        extractor: Feature extractor.
        store: Store with the images.
        indices: Positions of the images, shape (N,).

    Raises:
        UserError: The extractor's classifier learned from images of another size, range or modality.
    """
    if extractor.classifier:
        refuse_other_images(extractor.classifier, store)
    batches = (store.load_images(indices[start : start + BATCH]) for start in range(0, len(indices), BATCH))
    return extract_features(extractor, batches, store.column("group")[indices])
