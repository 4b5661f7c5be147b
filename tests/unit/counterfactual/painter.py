"""A method that translates in a known way: G_ab paints a bright disc, G_ba takes it away again.

`train("tests.unit.counterfactual.painter", ...)` finds it by its dotted name.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ganoscope.contracts import Domains, ImageSpec, Phase, Terms

TRANSLATES = True
CENTRE, RADIUS = (0.35, 0.6), 0.13
"""Of the disc, as shares of the image's side."""
STRENGTH = 0.6


@dataclass(frozen=True)
class Config:
    strength: float = STRENGTH
    one_way: bool = False
    classifier: Path | None = None


def draw_disc(size: int) -> Tensor:
    """1 inside the disc, 0 outside, shape (1, 1, size, size)."""
    place = (torch.arange(size) + 0.5) / size
    distance = ((place - CENTRE[0])[:, None] ** 2 + (place - CENTRE[1])[None] ** 2).sqrt()
    return (distance < RADIUS).float()[None, None]


class Brush(nn.Module):
    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.tensor(strength))

    def forward(self, image: Tensor) -> Tensor:
        return (image + self.strength * draw_disc(image.shape[-1]).to(image.device)).clamp(-1, 1)


@dataclass(frozen=True)
class Fit(Terms):
    brightness: Tensor


class Painter:
    def __init__(self, config: Config) -> None:
        self.generators = ("G_ab",) if config.one_way else ("G_ab", "G_ba")
        signs = {"G_ab": 1, "G_ba": -1}
        self.networks = {name: Brush(signs[name] * config.strength) for name in self.generators}
        parameters = [p for network in self.networks.values() for p in network.parameters()]
        self.phases = (Phase("generator", self.generators, self.fit, torch.optim.SGD(parameters, 0.0)),)

    def forward(self, batch: Domains) -> Tensor:
        return sum(network(batch.a).mean() for network in self.networks.values())

    def fit(self, brightness: Tensor) -> Fit:
        return Fit(brightness)


def build(config: Config, spec: ImageSpec) -> Painter:
    return Painter(config)
