"""Memory that the tasks of a study declare, from their networks, the size of the images and the number of them.

A network's need is found without computing: tensors on torch's device `meta` have shapes and no content, and what
autograd would keep of them is added up.
"""

from dataclasses import dataclass
from functools import cache

import torch

from ganoscope.evaluate.features import RANDOM_CHANNELS
from ganoscope.generators.memory_of_generators import (
    COPIES,
    GENERATOR_GIB,
    GIB,
    LEAST_GIB,
    PAIR,
    SPARE,
    Kept,
    Need,
    estimate_generator_gib,
    estimate_images_gib,
)
from ganoscope.nets.pretrained import make_network
from ganoscope.studies.arms import ARMS, Arm
from ganoscope.studies.design import Design
from ganoscope.studies.families import RANDOM_FEATURES
from ganoscope.studies.families.random_features import AUGMENTED_COPIES, GRID
from ganoscope.training.classifier.session import EVALUATION_BATCH

FEATURE_COPIES = 4
"""Copies of all features while a regression is fitted on them."""
WIDEST_AT_ONCE = 3
"""Feature maps as large as the largest that are there at once without training."""


@cache
def measure_network(family: str, size_px: int) -> Need:
    """Returns what a network of a family needs, per image where that counts.

    Args:
        family: Name of the network.
        size_px: Side of the images.
    """
    kept = Kept()
    with torch.device("meta"):
        network = make_network(family, 2, "grey").train()
        weights = {tensor.untyped_storage()._cdata: tensor.nbytes for tensor in network.state_dict().values()}
        with torch.autograd.graph.saved_tensors_hooks(kept.pack, lambda tensor: tensor):
            network(torch.empty(PAIR, 1, size_px, size_px)).logits.logsumexp(1).mean()
    maps = [size for name, size in kept.sizes.items() if name not in weights]
    return Need(sum(weights.values()), sum(maps) / PAIR, max(maps) / PAIR)


def estimate_training_gib(family: str, size_px: int, batch_size: int) -> float:
    """Returns the memory in GiB that a network's training and its test need.

    Args:
        family: Name of the network.
        size_px: Side of the images.
        batch_size: Images per step.
    """
    need = measure_network(family, size_px)
    trained = COPIES * need.weights + SPARE * batch_size * need.kept
    return LEAST_GIB + max(trained, need.weights + WIDEST_AT_ONCE * EVALUATION_BATCH * need.widest) / GIB


def estimate_features_gib(images: float) -> float:
    """Returns the memory in GiB that random features of images, and a regression on them, need."""
    return LEAST_GIB + FEATURE_COPIES * 8 * sum(RANDOM_CHANNELS) * GRID**2 * images / GIB


@dataclass(frozen=True)
class MemoryNeeds:
    """Memory that the tasks of a study declare, in GiB.

    Attributes:
        design: The design.
        size_px: Side of the images.
    """

    design: Design
    size_px: int

    def count_training(self, fraction: float) -> float:
        """Returns the number of training images at a fraction of the real patients."""
        return fraction * self.design.images / (1 + self.design.ratio)

    def count_added(self, arm: Arm, ratio: float) -> float:
        """Returns the number of images that an arm adds.

        Args:
            arm: The arm.
            ratio: Added images per real one.
        """
        config = self.design.config
        return (config.number or ratio * self.count_training(config.real_fraction)) if arm.source else 0

    def hold(self, images: float) -> float:
        """Returns the memory of images that are read at once."""
        return estimate_images_gib(images, self.size_px)

    def fit(self, family: str, arm: Arm, fraction: float, ratio: float) -> float:
        """Returns the memory of fitting a classifier.

        Args:
            family: Its family.
            arm: Its arm.
            fraction: Fraction of the real patients.
            ratio: Added images per real one.
        """
        added = self.count_added(arm, ratio)
        if family != RANDOM_FEATURES:
            return self.hold(added) + estimate_training_gib(family, self.size_px, self.design.config.batch_size)
        copies = 1 + AUGMENTED_COPIES if arm.augment == "safe" else 1
        return self.hold(added) + estimate_features_gib(copies * (self.count_training(fraction) + added))

    def train_generator(self) -> float:
        """Returns the memory of training a generator."""
        config = self.design.config
        return estimate_generator_gib(config.generator, self.size_px, len(self.design.classes), config.precision)

    def count_most_added(self) -> float:
        """Returns the largest number of images that an arm adds."""
        config = self.design.config
        return max(self.count_added(ARMS[arm], max(1.0, *config.ratios)) for arm in config.arms)

    def provide_images(self) -> float:
        """Returns the memory of drawing or taking images."""
        return GENERATOR_GIB + self.hold(self.count_most_added())

    def evaluate(self, others: int) -> float:
        """Returns the memory of testing all classifiers of a split.

        Args:
            others: Images of the external store.
        """
        config, held_out = self.design.config, self.design.images - self.count_training(1)
        most = max(held_out, others, self.count_most_added())
        needs = [
            estimate_features_gib(most)
            if family == RANDOM_FEATURES
            else estimate_training_gib(family, self.size_px, config.batch_size)
            for family in config.families
        ]
        return max(needs)
