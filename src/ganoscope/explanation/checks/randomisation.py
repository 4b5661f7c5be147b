"""Does a heat map depend on the weights? Layer after layer is randomised, from the head down, and the maps compared.

Source: Adebayo et al. 2018, "Sanity Checks for Saliency Maps", sect. 3 (cascading randomisation),
    https://arxiv.org/abs/1810.03292
Differs: weights are drawn anew from N(0, r), r being the root mean square of the trained tensor, instead of from the
network's initial distribution, which is unknown for a general network: the scale of the activations stays, every
    trained pattern goes, and so does each tensor's mean, which a permutation would keep. Norm layers are reset (scale
    1, shift 0), and their running statistics measured anew on the images at hand: the old ones belong to other
    activations, and would let the network saturate; so are the singular values that a spectral norm divides by.
    Several draws are made, because one random network may resemble the trained one by luck: on a discriminator of
    brain slices the correlation of single draws had a standard deviation of 0.24.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from monai.metrics import SSIMMetric
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized

from ganoscope.contracts import Explanation, Target
from ganoscope.explanation.targets import MakeTarget
from ganoscope.nets.evaluation_mode import evaluating, find_device
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.ranks import compute_rank_correlation

DRAWS, FULL_DRAWS = 3, 12
"""Networks that are randomised layer by layer, and networks (the former among them) that are randomised in full."""
MAX_STAGES = 8
"""Most stages of the randomisation."""
POWER_STEPS = 15
"""Power iterations in which a spectral norm finds the singular value of new weights: the same number as initially."""
BATCH = 64
"""Images per pass."""
IGNORES_WEIGHTS = 0.5
"""Mean absolute rank correlation after full randomisation from which an explanation counts as ignoring the weights."""

ExplainNetwork = Callable[[nn.Module, Target], Explanation]
"""An explainer with its configuration and images filled in."""


@dataclass(frozen=True)
class Randomisation:
    """How similar maps stay while the network is randomised.

    Attributes:
        stages: Layer that each stage randomised in addition, from the head down.
        correlation: Spearman's rank correlation with the original map, shape (draws, stages, N), -1 to 1; 0 where only
            the new map is constant, NaN where the original is.
        full: The same after full randomisation, by more draws, shape (full draws, N).
        ssim: Structural similarity, shape as of `correlation`; NaN likewise.
        chance: Mean absolute rank correlation with the same maps shifted and mirrored at random: what similarity of
            unrelated maps looks like at this smoothness.
        maps: Maps of the first draw, shape (stages, N, H, W).
    """

    stages: tuple[str, ...]
    correlation: NDArray[np.float64]
    full: NDArray[np.float64]
    ssim: NDArray[np.float64]
    chance: float
    maps: NDArray[np.float32]

    @property
    def by_stage(self) -> NDArray[np.float64]:
        """Mean absolute rank correlation over the draws, shape (stages, N); of the last stage over its own draws."""
        return np.stack([*np.abs(self.correlation[:, :-1]).mean(0), np.abs(self.full).mean(0)])

    @property
    def final(self) -> float:
        """Mean absolute rank correlation after full randomisation; NaN where every map is empty."""
        values = self.by_stage[-1]
        return float(np.nanmean(values)) if np.isfinite(values).any() else np.nan


def check_randomisation(
    network: nn.Module, images: Tensor, make_target: MakeTarget, explain: ExplainNetwork, seed: int
) -> Randomisation:
    """Returns how the maps of `images` change while a copy of the network is randomised; the network stays as it is.

    Args:
        network: The network that is explained.
        images: Shape (N, C, H, W) with N of 2 or more; the norm layers of the copies are measured on them.
        make_target: From a network to the score that is explained.
        explain: From a network and its score to the maps of `images`.
        seed: Random seed of the new weights.
    """
    original = explain(network, make_target(network)).maps.numpy()
    stages: tuple[str, ...] = ()
    correlations, similarities = [], []
    first_maps: list[NDArray[np.float32]] = []
    for draw in range(DRAWS):
        names, maps = [], []
        for name, copy in cascade(network, images, make_target, seed * FULL_DRAWS + draw):
            names.append(name)
            maps.append(explain(copy, make_target(copy)).maps.numpy())
        stages, first_maps = tuple(names), first_maps or maps
        correlations.append([compute_rank_correlation(original, new) for new in maps])
        similarities.append([compute_ssim(original, new) for new in maps])
    full = [one[-1] for one in correlations]
    for draw in range(DRAWS, FULL_DRAWS):
        ((_, copy),) = cascade(network, images, make_target, seed * FULL_DRAWS + draw, 1)
        full.append(compute_rank_correlation(original, explain(copy, make_target(copy)).maps.numpy()))
    chance = np.abs(compute_rank_correlation(original, displace(original, seed)))
    return Randomisation(
        stages=stages,
        correlation=np.array(correlations),
        full=np.array(full),
        ssim=np.array(similarities),
        chance=float(np.nanmean(chance)) if np.isfinite(chance).any() else np.nan,
        maps=np.stack(first_maps),
    )


def cascade(
    network: nn.Module, images: Tensor, make_target: MakeTarget, seed: int, most: int = MAX_STAGES
) -> Iterator[tuple[str, nn.Module]]:
    """Yields (what was randomised, network) from the head down; always the same copy, more and more of it randomised.

    Args:
        network: The network.
        images: Shape (N, C, H, W); norm layers are measured on them.
        make_target: From a network to the score that is explained.
        seed: Random seed of the new weights.
        most: Most stages; 1 randomises all layers at once.
    """
    copy = deepcopy(network).requires_grad_(False)
    device = find_device(copy)
    generator = torch.Generator().manual_seed(seed)
    target, destroyed = make_target(copy), []
    with evaluating(copy):
        stages = plan_stages(copy, images[:1].to(device), target, most)
        for name, modules in stages:
            for module in modules:
                randomise(module, generator)
            destroyed += modules
            measure_statistics(destroyed, images, device, target)
            yield name, copy


@torch.no_grad()
def plan_stages(network: nn.Module, image: Tensor, target: Target, most: int) -> list[tuple[str, list[nn.Module]]]:
    """Returns the modules to randomise, in groups, the last to run first.

    A stage is one layer with a weight matrix, together with the norm layers that follow it; in networks of more than
    `most` such layers, neighbours are joined.

    Args:
        network: The network.
        image: Shape (1, C, H, W), by which the order of the modules is found.
        target: From images to the score (B,), computed by `network`.
        most: Most stages.
    """
    order: dict[nn.Module, str] = {}
    names = {
        module: name.split(".parametrizations.")[0]
        for name, module in network.named_modules()
        if list(module.parameters(recurse=False))
    }
    handles = [
        module.register_forward_hook(lambda module, *_: order.update({module: names[module]})) for module in names
    ]
    try:
        target(image)
    finally:
        for handle in handles:
            handle.remove()
    layers: list[list[nn.Module]] = []
    for module in {**order, **names}:
        if not layers or any(parameter.dim() > 1 for parameter in module.parameters(recurse=False)):
            layers.append([])
        layers[-1].append(module)
    joined = np.array_split(np.arange(len(layers)), min(most, len(layers)))
    groups = [[module for index in indices for module in layers[index]] for indices in joined]
    return [(names[group[0]], group) for group in reversed(groups)]


@torch.no_grad()
def randomise(module: nn.Module, generator: torch.Generator) -> None:
    """Replaces a module's own parameters: norm layers are reset, all else is drawn from N(0, root mean square)."""
    parameters = list(module.parameters(recurse=False))
    has_matrix = is_parametrized(module) or any(parameter.dim() > 1 for parameter in parameters)
    if not has_matrix and hasattr(module, "reset_parameters"):
        reset: Any = module.reset_parameters
        reset()
        return
    for parameter in parameters:
        scale = parameter.square().mean().sqrt()
        parameter.copy_(torch.randn(parameter.shape, generator=generator).to(parameter) * scale)
    if isinstance(module, ParametrizationList):  # a spectral norm iterates in training mode alone
        module.train()
        for _ in range(POWER_STEPS):
            module()
        module.eval()


@torch.no_grad()
def measure_statistics(modules: list[nn.Module], images: Tensor, device: torch.device, target: Target) -> None:
    """Measures the running statistics of the batch-norm layers among `modules` anew, on all images.

    Args:
        modules: Modules of the network.
        images: Shape (N, C, H, W), network range.
        device: Where the network is.
        target: From images to the score (B,), computed by the network.
    """
    norms: list[Any] = [module for module in modules if isinstance(module, _BatchNorm) and module.track_running_stats]
    if not norms:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    for batch in torch.tensor_split(images, -(-len(images) // BATCH)):
        target(batch.to(device))
    for norm in norms:
        norm.eval()


def compute_ssim(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float64]:
    """Returns MONAI's structural similarity of pairs of maps, shape (N,), both divided by the larger of their maxima.

    NaN where the first map, of shape (N, H, W), is empty.
    """
    factor = np.maximum(first.max((1, 2)), second.max((1, 2)))[:, None, None]
    pair = [torch.from_numpy(maps / np.where(factor > 0, factor, 1))[:, None] for maps in (first, second)]
    window = min(11, (min(first.shape[1:]) - 1) // 2 * 2 + 1)
    metric = SSIMMetric(spatial_dims=2, data_range=1.0, win_size=window, reduction="none")
    values = metric(pair[0], pair[1]).flatten().double().numpy()
    return np.where(first.max((1, 2)) > 0, values, np.nan)


def displace(maps: NDArray[np.floating], seed: int) -> NDArray[Any]:
    """Returns maps (N, H, W), each shifted (around the edges) and mirrored at random: same values, other places."""
    random = stream(seed, Stream.DISPLACEMENT)
    moved = []
    for picture in maps:
        shift = tuple(int(random.integers(side)) for side in picture.shape)
        flips = random.integers(2, size=2) * 2 - 1
        moved.append(np.roll(picture, shift, (0, 1))[:: flips[0], :: flips[1]])
    return np.stack(moved)
