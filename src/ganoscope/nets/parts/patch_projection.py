"""Projection of patches into the space in which they are compared, and the sampling of patches.

Source: Park, Efros, Zhang, Zhu 2020 (CUT), sect. 3, https://arxiv.org/abs/2007.15651: the head H_l of every layer l
    is a network of two layers with 256 units.
Differs: all weights exist from the start, as the channels are given; biases are not 0 at first: a pixel of value 0
    would have a projection of length 0, and its direction an unbounded gradient.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PatchProjection(nn.Module):
    """Projects places of feature maps to unit vectors, with one head per map."""

    def __init__(self, feature_channels: Sequence[int], dimension: int = 256) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(channels, dimension), nn.ReLU(inplace=True), nn.Linear(dimension, dimension))
            for channels in feature_channels
        )

    def forward(self, features: Sequence[Tensor], positions: Sequence[Tensor]) -> tuple[Tensor, ...]:
        r"""Returns the vectors :math:`z_l^s = H_l(f_l^s) / ||H_l(f_l^s)||_2` of every map, shapes (B, P, dimension).

        Args:
            features: Maps, shapes (B, C, h, w).
            positions: Indices of the places in each flattened map, shapes (P,), the same for all images.

        Returns:
            P unit vectors per image for each map, float32 even for bfloat16 maps.
        """
        triples = zip(self.heads, features, positions, strict=True)
        projected = [head(maps.flatten(2).index_select(2, places).mT) for head, maps, places in triples]
        return tuple(F.normalize(each.to(torch.promote_types(each.dtype, torch.float32)), dim=2) for each in projected)


def choose_positions(
    features: Sequence[Tensor], patches: int, generator: torch.Generator | None = None
) -> tuple[Tensor, ...]:
    """Returns random places of every flattened map, without repeats: `patches` of them, or all of a smaller map.

    Args:
        features: Maps, shapes (B, C, h, w).
        patches: Number of places.
        generator: Random generator on the device of the maps; None for the default one.

    Returns:
        For each map the indices (P,), int64.

    Example:
        >>> [len(places) for places in choose_positions([torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 2, 2)], 10)]
        [10, 4]
    """
    sizes = [(maps.shape[2] * maps.shape[3], maps.device) for maps in features]
    return tuple(torch.randperm(size, generator=generator, device=device)[:patches] for size, device in sizes)
