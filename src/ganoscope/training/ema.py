"""Exponential moving average of a network's weights and buffers."""

import copy
from functools import cached_property

import torch
from torch import nn

RAMP_SHARE = 0.1
"""The half-life never exceeds this share of the images seen, so that early weights are forgotten soon."""


class MovingAverage:
    r"""Keeps an averaged copy of a network.

    .. math:: \bar\theta \leftarrow \bar\theta + (1 - 2^{-b/h}) (\theta - \bar\theta)

    with b images per step and a half-life of h images. Integer buffers are copied.

    Source: Karras et al. 2018, sect. 6, https://arxiv.org/abs/1710.10196; half-life in images and its ramp: Karras et
        al. 2020, https://arxiv.org/abs/2006.06676
    """

    def __init__(self, network: nn.Module, half_life_images: float) -> None:
        self.network = network
        self.half_life_images = half_life_images
        self.average = copy.deepcopy(network).eval().requires_grad_(False)

    @cached_property
    def _pairs(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Tensors of the average and of the network; listed at the first update, as moving a network replaces them."""
        return list(zip(state_tensors(self.average), state_tensors(self.network), strict=True))

    @torch.no_grad()
    def update(self, batch_size: int, images_seen: int) -> None:
        """Moves the average towards the network after a step on `batch_size` images."""
        half_life = min(self.half_life_images, RAMP_SHARE * images_seen)
        weight = 1.0 - 0.5 ** (batch_size / half_life) if half_life > 0 else 1.0
        averages, currents = zip(*(pair for pair in self._pairs if pair[0].is_floating_point()), strict=True)
        torch._foreach_lerp_(averages, currents, weight)
        for average, current in self._pairs:
            if not average.is_floating_point():
                average.copy_(current)


def state_tensors(network: nn.Module) -> list[torch.Tensor]:
    """Returns the network's own parameters and buffers (any shapes), in a fixed order, without copying them."""
    return [*(parameter.data for parameter in network.parameters()), *network.buffers()]
