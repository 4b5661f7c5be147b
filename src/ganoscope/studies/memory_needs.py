"""Memory that the tasks of a study declare, from their networks, the size of the images and the number of them.

A network's need is found without computing: tensors on torch's device `meta` have shapes and no content, and what
autograd would keep of them is added up. A generator trains for one step on a batch of two.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import torch
from torch import Tensor

from ganoscope.contracts import ImageSpec
from ganoscope.evaluate.features import RANDOM_CHANNELS
from ganoscope.methods import load
from ganoscope.nets.pretrained import make_network
from ganoscope.presets import find_preset
from ganoscope.studies.arms import ARMS, Arm
from ganoscope.studies.design import Design
from ganoscope.studies.families import RANDOM_FEATURES
from ganoscope.studies.families.random_features import AUGMENTED_COPIES, GRID
from ganoscope.training.classifier.session import EVALUATION_BATCH
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast
from ganoscope.training.speed import choose_speed, make_random_batch, place_networks

GIB = 1 << 30
PAIR = 2
"""Images that needs are measured with: batch norms need two."""
LEAST_GIB = 1.0
"""Memory of a task beside its networks and images: what libraries allocate."""
GENERATOR_GIB = 2.0
"""Least memory of tasks with a generator."""
SPARE = 1.3
"""Factor for what is needed for a moment only, as within a convolution."""
COPIES = 5
"""Copies of the weights: themselves, gradients, two moments of the optimiser, and one that is saved."""
FEATURE_COPIES = 4
"""Copies of all features while a regression is fitted on them."""
IMAGE_COPIES = 3
"""Copies of the added images, with 2 bytes per pixel each."""
WIDEST_AT_ONCE = 3
"""Feature maps as large as the largest that are there at once without training."""


@dataclass(frozen=True)
class Need:
    """What a network needs.

    Attributes:
        weights: Bytes of its weights.
        kept: Bytes that autograd keeps in one phase of a step, per image.
        widest: Bytes of the largest feature map, per image.
    """

    weights: int
    kept: float
    widest: float


class Kept:
    """Adds up what autograd keeps, each storage once.

    Attributes:
        sizes: Bytes of every storage, by its identity.
    """

    def __init__(self) -> None:
        self.sizes: dict[int, int] = {}
        self._held: list[Tensor] = []

    def pack(self, tensor: Tensor) -> Tensor:
        """Notes a tensor of any shape, and returns it; on `meta` it stays alive, so that no identity is used again."""
        if tensor.device.type == "meta":
            self._held.append(tensor)
        self.sizes[tensor.untyped_storage()._cdata] = tensor.untyped_storage().nbytes()
        return tensor


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


@cache
def measure_generator(name: str, size_px: int, classes: int, precision: Literal["fp32", "bf16"]) -> Need:
    """Returns what the networks of a method need, per image where that counts.

    Args:
        name: Method or preset.
        size_px: Side of the images.
        classes: Number of classes.
        precision: Precision of forward passes.
    """
    preset, kept, place = find_preset(name), Kept(), torch.device("cpu")
    speed = choose_speed(replace(preset.train, precision=precision), "cpu")
    with torch.random.fork_rng(devices=[]):
        spec = ImageSpec(size_px, tuple(f"{number}" for number in range(classes)))
        method = load(preset.method).build(preset.method_config, spec)
        place_networks(method.networks.values(), place, speed)
        batch = make_random_batch(spec, PAIR, place)
        with torch.autograd.graph.saved_tensors_hooks(kept.pack, lambda tensor: tensor):
            train_step(method, batch, 0, make_autocast("cpu", speed.precision))
    weights = sum(tensor.nbytes for network in method.networks.values() for tensor in network.state_dict().values())
    return Need(weights, sum(kept.sizes.values()) / PAIR / len(method.phases), 0.0)


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


def estimate_generator_gib(name: str, size_px: int, classes: int, precision: Literal["fp32", "bf16"]) -> float:
    """Returns the memory in GiB that a generator's training needs.

    Args:
        name: Method or preset.
        size_px: Side of the images.
        classes: Number of classes.
        precision: Precision of forward passes.
    """
    need, batch_size = measure_generator(name, size_px, classes, precision), find_preset(name).train.batch_size
    return max(GENERATOR_GIB, LEAST_GIB + (COPIES * need.weights + SPARE * batch_size * need.kept) / GIB)


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
        return IMAGE_COPIES * 2 * images * self.size_px**2 / GIB

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
