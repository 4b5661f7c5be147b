"""Memory that tasks with generators declare, from the networks, the size of the images and the number of them.

A generator trains for one step on a batch of two, and what autograd keeps of it is added up.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import torch
from torch import Tensor

from ganoscope.contracts import ImageSpec
from ganoscope.methods import load
from ganoscope.presets import find_preset
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
IMAGE_COPIES = 3
"""Copies of images that are drawn or added, with 2 bytes per pixel each."""


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


def estimate_images_gib(images: float, size_px: int) -> float:
    """Returns the memory in GiB of images that are read or drawn at once.

    Args:
        images: Number of images.
        size_px: Their side.
    """
    return IMAGE_COPIES * 2 * images * size_px**2 / GIB
