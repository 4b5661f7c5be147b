"""The only abstract types: methods and phases, explainers, attributors, measurements, checks, writers, and results.

A file in a registry folder provides one of these; nothing else has to be known to add one.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ganoscope.alarms import Check
from ganoscope.data.writers import Writer
from ganoscope.statistics.estimate import Estimate

if TYPE_CHECKING:
    from ganoscope.data.store import Store

__all__ = [
    "Attribution",
    "Attributor",
    "Batch",
    "Check",
    "Direction",
    "Domains",
    "Examples",
    "Explainer",
    "Explanation",
    "ImageSpec",
    "Measured",
    "Measurement",
    "Method",
    "MethodModule",
    "Need",
    "Phase",
    "Target",
    "Terms",
    "Traits",
    "Weighting",
    "Writer",
    "draw",
    "observed",
]


@dataclass(frozen=True)
class ImageSpec:
    """Properties of the images that a method learns from.

    Attributes:
        size: Side of the square images in pixels.
        classes: Class names in the order of the label codes; empty where the method can't be conditioned on a class.
        domains: Names of domains A and B of a translation; empty for other methods.
        hu_range: Hounsfield units at the network values -1 and 1; None where pixels are not in HU.
    """

    size: int
    classes: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    hu_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Batch:
    """Input of one training step.

    Attributes:
        real: Images in network range [-1, 1], shape (B, C, H, W).
        label: Class codes, shape (B,), int64; None where the images have none.
        weight: Weight of each real image in the loss terms it takes part in, shape (B,), float32; None for 1 each.
            A term is then the sum of weight times loss, divided by B, see `objectives.reduction.weighted_mean`. Only
            methods that declare it honour the weight, see `Traits.weighting`.
    """

    real: Tensor
    label: Tensor | None = None
    weight: Tensor | None = None


@dataclass(frozen=True)
class Domains:
    """Input of one training step of a translation: unpaired images of two domains.

    Attributes:
        a: Images of domain A in network range [-1, 1], shape (B, C, H, W).
        b: Images of domain B, same shape.
        measured_a: Pixels of `a` that the scanner measured, bool, shape (B, C, H, W); None where it measured all.
        measured_b: The same for `b`.
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
        """The loss, a scalar: the sum of all fields that are not `observed`."""
        return torch.stack([getattr(self, f.name) for f in fields(self) if "observed" not in f.metadata]).sum()

    def observations(self) -> dict[str, Tensor]:
        """Returns the fields that are only reported, scalars by name, detached from the graph."""
        return {f.name: getattr(self, f.name).detach() for f in fields(self) if "observed" in f.metadata}

    def scalars(self) -> dict[str, Tensor]:
        """Returns all fields, scalars by name, detached from the graph."""
        return {f.name: getattr(self, f.name).detach() for f in fields(self)}


@dataclass(frozen=True)
class Phase:
    """One optimizer step.

    Attributes:
        name: What is trained, such as `discriminator`; prefix of its terms in the history.
        learns: Names of the networks that this phase updates; all others stay unchanged.
        loss: Maps the result of `Method.forward` to the phase's terms.
        optimizer: Optimizer over the parameters of the networks in `learns`.
        every: The phase runs at every `every`-th step.
        no_sync: Makes a context in which backward passes don't average gradients over processes; does nothing in a
            single process.
    """

    name: str
    learns: tuple[str, ...]
    loss: Callable[[Any], Terms]
    optimizer: torch.optim.Optimizer
    every: int = 1
    no_sync: Callable[[], AbstractContextManager[None]] = nullcontext


class Method(Protocol):
    """A GAN: networks, and the phases that train them.

    Generators from noise are one network `G`, called as G(z), or as G(z, label) with label codes of shape (B,), for
    images (B, C, H, W). Generators of a translation are `G_ab` from domain A to B and, where there is one, `G_ba` back;
    they turn images (B, C, H, W) into such images. All images are in [-1, 1].

    Attributes:
        networks: All networks and buffers that a checkpoint keeps, by name.
        phases: Optimizer steps, in their order.
        generators: Names of the networks that generate; their moving averages are used after training.
        latent_dim: Length of a noise vector z; 0 for a translation.
        classes: Number of classes that `G` is conditioned on; 0 for none, and for a translation.
    """

    networks: Mapping[str, nn.Module]
    phases: tuple[Phase, ...]
    generators: tuple[str, ...]
    latent_dim: int
    classes: int

    def forward(self, batch: Any) -> Any:
        """Returns what the phases of one step share, such as generated images with their graph: computed once.

        Args:
            batch: A `Batch`; for a translation, `Domains`.
        """
        ...


Weighting = Literal["ignored", "loss", "exact"]
"""How a method honours `Batch.weight`. `ignored`: not at all. `loss`: all terms of real images are weighted, but an
image of weight 0 still shifts the batch statistics of D. `exact`: the pixels of an image of weight 0 have no influence
on any gradient. In both, a label still decides the class of the image generated beside a real one."""


@dataclass(frozen=True)
class Traits:
    """Properties that a method's file declares as `TRAITS`.

    Attributes:
        translates: Whether it translates images between two domains; otherwise it generates images from noise.
        defaults: Training options that suit it better than the general defaults, by their names in `TrainConfig`.
        unsuited: Training options that must keep their general default, each with the reason.
        check: Called as check(config, store, spec) before training; raises UserError for a store that the method can't
            learn from. None where any store is suitable.
        relative_scores: Whether only differences between D's scores have a meaning: no probability follows from one.
        draws_attention: Whether `G` has a method `draw_with_attention(z)` that also returns its attention maps.
        weighting: How `Batch.weight` is honoured.
        second_derivatives: Whether a loss contains a gradient of a gradient, as gradient penalties do: torch.compile
            can't compute one.
    """

    translates: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    unsuited: Mapping[str, str] = field(default_factory=dict)
    check: "Callable[[Any, Store, ImageSpec], None] | None" = None
    relative_scores: bool = False
    draws_attention: bool = False
    weighting: Weighting = "ignored"
    second_derivatives: bool = False


class MethodModule(Protocol):
    """What a file in `methods/` provides.

    Attributes:
        Config: Frozen dataclass of the hyper-parameters; its docstring cites the paper.
        TRAITS: Properties of the method.
    """

    Config: type[Any]
    TRAITS: Traits

    def build(self, config: Any, spec: ImageSpec) -> Method:
        """Returns the method.

        Raises:
            ValueError: It can't handle images of that size.
        """
        ...


def draw(generator: nn.Module, z: Tensor, label: Tensor | None) -> Tensor:
    """Returns images (B, C, H, W) in [-1, 1] for noise (B, latent_dim), and label codes (B,) where G takes them.

    Args:
        generator: Network `G` of a method that generates from noise.
        z: Standard-normal noise, shape (B, latent_dim).
        label: Class codes, shape (B,), int64; None for a generator without classes.
    """
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
        layer: Name of the explained layer.
        target: Name of the explained score.
    """

    maps: Tensor
    method: str
    layer: str
    target: str


class Explainer(Protocol):
    """What a file in `explanation/feature_attribution/` provides as `explain`. The network is left exactly as found."""

    def __call__(self, network: nn.Module, images: Tensor, target: Target, config: Any) -> Explanation:
        """Returns heat maps.

        Args:
            network: Network that `target` calls.
            images: Images in [-1, 1], shape (B, C, H, W).
            target: Score to explain.
            config: The explainer's own `Config`.
        """
        ...


@dataclass(frozen=True)
class Examples:
    """Images with their ids, read only when needed: a store's, or generated ones.

    Attributes:
        ids: Id of every image, in order.
        read: From positions in `ids` to the images and their labels, as a `Batch` without weights.
    """

    ids: tuple[str, ...]
    read: Callable[[Sequence[int]], Batch]


@dataclass(frozen=True)
class Attribution:
    """Scores of how much each training image influenced each query.

    Attributes:
        scores: Effect of training image n on query q, shape (Q, N), float32; above 0 where the training image made the
            query more likely. Only the order within a row can be compared between attributors.
        queries: Ids of the queries, in the order of the rows.
        training: Ids of the training images, in the order of the columns.
        estimand: Quantity that the scores estimate, in words, such as `change of D's logit when the image is left out`.
        repetitions: Number of trained models, checkpoints or random projections that were averaged.
    """

    scores: Tensor
    queries: tuple[str, ...]
    training: tuple[str, ...]
    estimand: str
    repetitions: int


class Attributor(Protocol):
    """What a file in `attribute/data_attribution/` provides as `attribute`. Methods are left exactly as found."""

    def __call__(self, methods: Sequence[Method], queries: Examples, training: Examples, config: Any) -> Attribution:
        """Returns the effect of every training image on every query.

        Args:
            methods: The trained method: one for each checkpoint or each repetition of the training.
            queries: Images to be attributed, mostly generated ones; Q of them.
            training: Images that the methods were trained on; N of them.
            config: The attributor's own `Config`.

        Raises:
            UserError: The attributor needs something that the methods don't declare, such as `Traits.weighting`.
        """
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
        value: The value with its 95% interval, the number of images and the number of groups that were resampled.
        floor: The value that real images of other patients reach, measured the same way; None where there is none.
        better: Which values are better.
        at_floor_size: The value at as many images as the floor was measured on, where the value depends on their
            number: only this one may be compared with the floor; None elsewhere.
        warnings: Limits of the number's meaning, one sentence each.
    """

    value: Estimate
    floor: Estimate | None
    better: Direction
    at_floor_size: float | None = None
    warnings: tuple[str, ...] = ()


EvidenceT = TypeVar("EvidenceT", contravariant=True)


class Measurement(Protocol[EvidenceT]):
    """What a file in a folder of `evaluate/` provides: one number about generated images, with interval and floor.

    Attributes:
        NAME: Short name of the value, such as `frechet_distance`; column of tables and key of JSON files.
        NEEDS: What `evidence` must hold. A measurement is skipped where any of it is missing.
    """

    NAME: str
    NEEDS: frozenset[Need]

    def measure(self, evidence: EvidenceT) -> Measured:
        """Returns the value with its interval and floor.

        Args:
            evidence: Holds everything named in `NEEDS`.
        """
        ...
