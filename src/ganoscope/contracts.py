"""The only abstract types: what a method, a phase, an explainer, a measurement and their results look like."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ganoscope.statistics.bootstrap import Estimate


@dataclass(frozen=True)
class ImageSpec:
    """What a method is told about the images that it learns from.

    Attributes:
        size: Side of the square images in pixels.
        classes: Names of their classes, in the order of the label codes; empty where no label can be conditioned on.
        domains: Names of the domains A and B that a translation goes between; empty for other methods.
        hu_range: Hounsfield units at the network values -1 and 1; None where pixels are not HU.
    """

    size: int
    classes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    hu_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Batch:
    """What one training step gets.

    Attributes:
        real: Images in network range [-1, 1], shape (B, C, H, W).
        label: Codes of their classes, shape (B,), int64; None where the images have none.
    """

    real: Tensor
    label: Tensor | None = None


@dataclass(frozen=True)
class Domains:
    """What one training step of a translation gets: images of two domains that have nothing to do with each other.

    Attributes:
        a: Images of domain A in network range [-1, 1], shape (B, C, H, W).
        b: Images of domain B, of the same shape.
        measured_a: Where the scanner measured something, bool, shape (B, C, H, W); None where that is everywhere.
        measured_b: The same of domain B.
    """

    a: Tensor
    b: Tensor
    measured_a: Tensor | None = None
    measured_b: Tensor | None = None


def observed() -> Any:
    """Marks a field of `Terms` that is reported, but takes no part in the loss."""
    return field(metadata={"observed": True})


@dataclass(frozen=True)
class Terms:
    """Named scalars of one phase's loss, already weighted. Each phase subclasses it with a field per term."""

    @property
    def total(self) -> Tensor:
        """The loss: the sum of all fields that are not `observed`."""
        return torch.stack([getattr(self, f.name) for f in fields(self) if "observed" not in f.metadata]).sum()

    def observations(self) -> dict[str, Tensor]:
        """Returns the fields that are reported only, by name, detached from the graph."""
        return {f.name: getattr(self, f.name).detach() for f in fields(self) if "observed" in f.metadata}

    def scalars(self) -> dict[str, Tensor]:
        """Returns every field by its name, detached from the graph."""
        return {f.name: getattr(self, f.name).detach() for f in fields(self)}


@dataclass(frozen=True)
class Phase:
    """One optimizer step.

    Attributes:
        name: What is learned, such as `discriminator`; the prefix of its terms in the history.
        learns: Names of the networks that this phase moves; all others stay as they are.
        loss: From what `Method.forward` returned to the phase's terms.
        optimizer: Over the parameters of the networks in `learns`.
        every: The phase runs at every `every`-th step.
    """

    name: str
    learns: tuple[str, ...]
    loss: Callable[[Any], Terms]
    optimizer: torch.optim.Optimizer
    every: int = 1


class Method(Protocol):
    """A GAN: networks and the phases that train them."""

    networks: Mapping[str, nn.Module]
    phases: tuple[Phase, ...]

    def forward(self, batch: Any) -> Any:
        """Returns what the phases of one step share, such as generated images with their graph: computed once.

        Args:
            batch: A `Batch`; for a translation, `Domains`.
        """
        ...


class NoiseToImage(Method, Protocol):
    """A method whose network `G` turns noise of shape (B, latent_dim) into images of shape (B, C, H, W).

    Attributes:
        latent_dim: Length of a noise vector.
        classes: How many classes `G` is conditioned on: it is then called as G(z, label), label codes of shape (B,).
            0 for G(z).
    """

    latent_dim: int
    classes: int


class Translation(Method, Protocol):
    """A method whose networks turn images of one domain into images of another, (B, C, H, W) in [-1, 1].

    Its file says `TRANSLATES = True`.

    Attributes:
        generators: Names of the networks that translate: `G_ab` from A to B and, where there is one, `G_ba` back.
    """

    generators: tuple[str, ...]


def draw(generator: nn.Module, z: Tensor, label: Tensor | None) -> Tensor:
    """Returns images (B, C, H, W) in [-1, 1] for noise (B, latent_dim), and label codes (B,) where G takes them."""
    image: Tensor = generator(z) if label is None else generator(z, label)
    return image


Target = Callable[[Tensor], Tensor]
"""From images (B, C, H, W) to the score (B,) that is explained."""


@dataclass(frozen=True)
class Explanation:
    """Heat maps of a batch of images.

    Attributes:
        maps: Raw, non-negative values in the geometry of the images, shape (B, H, W); never stretched per image.
        method: Name of the explainer.
        layer: Name of the layer it looked at.
        target: Name of the score that is explained.
    """

    maps: Tensor
    method: str
    layer: str
    target: str


class Explainer(Protocol):
    """What a file in `explain/feature_attribution/` provides as `explain`. It leaves the network exactly as found."""

    def __call__(self, network: nn.Module, images: Tensor, target: Target, config: Any) -> Explanation:
        """Returns heat maps for images of shape (B, C, H, W)."""
        ...


Need = Literal["generated", "training", "held_out", "extractor", "classifier", "hu"]
"""What a measurement may need: generated images; real images that the generator was trained on; real images of other
patients; a feature extractor; a classifier; pixels in Hounsfield units."""

Direction = Literal["lower", "higher", "like real"]
"""Which values are better; `like real`: those that real images of other patients have (the floor)."""


@dataclass(frozen=True)
class Measured:
    """Result of a measurement.

    Attributes:
        value: The value with its 95 % interval, the number of images and the number of groups that were resampled.
        floor: The value that real images of other patients reach, measured the same way; None where there is none.
        better: Which values are better.
    """

    value: Estimate
    floor: Estimate | None
    better: Direction


EvidenceT = TypeVar("EvidenceT", contravariant=True)


class Measurement(Protocol[EvidenceT]):
    """What a file in a folder of `evaluate/` provides: one number about generated images, with interval and floor.

    Attributes:
        name: Short name of the value, such as `frechet_distance`; column of tables and key of JSON files.
        needs: What `evidence` must hold. A measurement is skipped where something of it is missing.
    """

    name: str
    needs: frozenset[Need]

    def measure(self, evidence: EvidenceT) -> Measured:
        """Returns the value with its interval and floor.

        Args:
            evidence: Holds everything named in `needs`.
        """
        ...
