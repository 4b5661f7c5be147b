"""An ensemble of small classifiers that learn the classes of real images within seconds.

They look at different things, so that they err differently: edges and texture by fixed random networks, named
intensity and texture features, and the picture itself at 16 x 16 pixels. Their probabilities are averaged.

Source: random convolutional features: Saxe et al. 2011, https://icml.cc/2011/papers/551_icmlpaper.pdf; averaged
    classifiers: Lakshminarayanan, Pritzel, Blundell 2017, https://arxiv.org/abs/1612.01474
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.data.real_images import RealImages
from ganoscope.data.store.classes import encode_labels
from ganoscope.errors import describe, refuse
from ganoscope.evaluate.features import BATCH, Extractor, RandomNetwork
from ganoscope.evaluate.radiomics.image_features import compute_radiomics
from ganoscope.seeds import Stream, make_torch_seed, stream

Floats = NDArray[np.float64]
Compute = Callable[[NDArray[np.float32]], Floats]
"""From images (B, 1, H, W) in network range to features (B, D)."""

GRID = 4
"""Side of the grid that every level of a random network is averaged over."""
PIXELS = 16
"""Side of the picture that the classifier of pixels sees."""
STRENGTH = 0.01
"""Inverse strength of the L2 penalty of regressions."""
MOST_TRAINING = 5_000
"""Real images that the classifiers learn from."""


@dataclass(frozen=True)
class Voter:
    """A trained classifier.

    Attributes:
        name: What it looks at.
        compute: Features that it looks at.
        model: Classifier of scikit-learn, with a column for each class in the order of the codes.
    """

    name: str
    compute: Compute
    model: Any


@dataclass(frozen=True)
class Ensemble:
    """Classifiers that are asked together.

    Attributes:
        classes: Names of the classes, in the order of the columns of probabilities.
        voters: The classifiers.
        images: Number of real images that they learned from.
    """

    classes: tuple[str, ...]
    voters: tuple[Voter, ...]
    images: int

    def ask(self, images: Iterable[NDArray[np.float32]]) -> Floats:
        """Returns the probabilities that each voter gives, shape (voters, N, K), of batches (B, 1, H, W)."""
        blocks = [
            np.stack([voter.model.predict_proba(voter.compute(part)) for voter in self.voters])
            for batch in images
            for part in np.split(batch, range(BATCH, len(batch), BATCH))
            if len(part)
        ]
        return np.concatenate([np.zeros((len(self.voters), 0, len(self.classes))), *blocks], axis=1)


def train_ensemble(real: RealImages, extractor: Extractor, seed: int) -> Ensemble:
    """Returns an ensemble that has learned the classes of real images.

    Args:
        real: Images to learn from; those without a class are left out.
        extractor: Extractor whose features one of the classifiers looks at.
        seed: Seed of the random networks and of the choice of images.

    Raises:
        UserError: There are fewer than two classes.
    """
    labels = real.store.column("label")[real.indices]
    known = np.flatnonzero(labels != "")
    chosen = np.sort(stream(seed, Stream.ENSEMBLE_IMAGES).permutation(known)[:MOST_TRAINING])
    classes = tuple(sorted({*labels[chosen].tolist()}))
    fault = describe("too few classes to tell apart", len(classes), "2 or more", "Leave label fidelity out.")
    refuse([fault] if len(classes) < 2 else [])
    looks = list_looks(extractor, seed)
    indices = real.indices[chosen]
    blocks: list[list[Floats]] = [[] for _ in looks]
    for at in range(0, len(indices), BATCH):
        images = real.store.load_images(indices[at : at + BATCH])
        for block, (_, compute, _) in zip(blocks, looks, strict=True):
            block.append(compute(images))
    codes = encode_labels(labels[chosen], classes)
    voters = [
        Voter(name, compute, model.fit(np.concatenate(block), codes))
        for block, (name, compute, model) in zip(blocks, looks, strict=True)
    ]
    return Ensemble(classes, tuple(voters), len(chosen))


def list_looks(extractor: Extractor, seed: int) -> list[tuple[str, Compute, Any]]:
    """Returns what each classifier looks at: its name, its features, and the model to be fitted.

    Args:
        extractor: Extractor whose features one of the classifiers looks at.
        seed: Seed of the random networks.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # imported late: it takes seconds
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def regress() -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=300))

    first, second, trees = (make_torch_seed(seed, Stream.ENSEMBLE_SEEDS, number) for number in range(3))
    boosting = HistGradientBoostingClassifier(max_iter=100, class_weight="balanced", random_state=trees)
    return [
        ("grid of a random network", pool_network(first), regress()),
        ("grid of another random network", pool_network(second), regress()),
        (extractor.name, use_extractor(extractor), regress()),
        ("radiomics", lambda images: np.stack(list(compute_radiomics(images[:, 0]).values()), axis=1), boosting),
        (f"{PIXELS} x {PIXELS} pixels", shrink, regress()),
    ]


def use_extractor(extractor: Extractor) -> Compute:
    """Returns the features of an extractor as a function of arrays."""

    @torch.no_grad()
    def compute(images: NDArray[np.float32]) -> Floats:
        found = extractor.compute(torch.from_numpy(np.ascontiguousarray(images)).to(extractor.device))
        return np.asarray(found.double().cpu().numpy())

    return compute


def pool_network(seed: int) -> Compute:
    """Returns the levels of a random network, each averaged over a grid, as a function of arrays."""
    network = RandomNetwork(seed)

    @torch.no_grad()
    def compute(images: NDArray[np.float32]) -> Floats:
        image, levels = torch.from_numpy(np.ascontiguousarray(images)), []
        for filters in network.filters:
            image = torch.relu(torch.nn.functional.conv2d(image, filters, stride=2, padding=1))
            levels.append(torch.nn.functional.adaptive_avg_pool2d(image, GRID).flatten(1))
        return np.asarray(torch.cat(levels, 1).double().numpy())

    return compute


def shrink(images: NDArray[np.float32]) -> Floats:
    """Returns images (B, 1, H, W) at 16 x 16 pixels, shape (B, 256)."""
    small = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(np.ascontiguousarray(images)), PIXELS)
    return np.asarray(small.flatten(1).double().numpy())
