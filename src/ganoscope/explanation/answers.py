"""Grad-CAM of a classifier's right and wrong predictions, with checks of how far the maps can be trusted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganoscope.alarms import Alarm, Check
from ganoscope.classifiers.trained import TrainedClassifier
from ganoscope.contracts import Explanation
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.metrics import Predictions
from ganoscope.explanation.checks.randomisation import IGNORES_WEIGHTS, check_randomisation
from ganoscope.explanation.classifier_maps import choose_layer, explain_codes, make_target
from ganoscope.explanation.findings import MIN_IMAGES
from ganoscope.explanation.regions import (
    RegionSummary,
    find_anatomy,
    measure_attention,
    split_regions,
    summarise,
)
from ganoscope.figures.overlays import is_near_blank
from ganoscope.files.records import Number
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.bootstrap import estimate_mean
from ganoscope.statistics.estimate import Estimate

KINDS = ("true positives", "false negatives", "false positives")
COLUMNS = 4
"""Images of each kind."""
CLASSES = 6
"""Classes with a gallery, at most: those with the most images."""
CHECKED = 8
"""Images of the randomisation check."""
LOCATED, SEARCHED = 64, 512
"""Images with a mask on which localisation is measured, at most, and images among which they are looked for."""
EMPTY_SHARE = 0.2
"""Share of empty maps, or of near-blank ones, above which an alarm is raised."""
MIN_EXCESS = 0.05
"""Smallest share of attention in the background, beyond that of the area, that is worth an alarm."""


@dataclass(frozen=True)
class WeightDependence:
    """How the maps changed when all weights were destroyed.

    Attributes:
        images: Number of images.
        correlation: Mean absolute rank correlation with the original maps.
        chance: The same between unrelated maps of this smoothness.
        low: Lower end of the correlation's 95% interval; NaN where it was not recorded.
        high: Upper end.
    """

    images: int
    correlation: Number
    chance: Number
    low: Number = np.nan
    high: Number = np.nan


@dataclass(frozen=True)
class HeatMaps:
    """Heat maps of some images of one split, each for the logit of the predicted class.

    Attributes:
        galleries: By class and kind of answer: rows of `predictions`, shape (n,).
        rows: All rows that are shown, ascending, shape (M,).
        maps: Their maps, raw, in units of logit, shape (M, H, W).
        layer: Name of the explained layer.
        dependence: Randomisation check; None where fewer than two maps are not empty.
        inside: Mean share of a map's sum that lies in the annotated finding; None where there are no masks.
        area: Mean share of the image that the finding covers: the share inside for a uniform map.
        background: Share of the maps' sum in the background beside its share of the area; None where no map has one.
    """

    galleries: Mapping[str, Mapping[str, NDArray[np.int64]]]
    rows: NDArray[np.int64]
    maps: NDArray[np.float32]
    layer: str
    dependence: WeightDependence | None
    inside: Estimate | None = None
    area: Estimate | None = None
    background: RegionSummary | None = None

    def find_map(self, row: int) -> NDArray[np.float32]:
        """Returns the map of one row, shape (H, W)."""
        found: NDArray[np.float32] = self.maps[int(np.searchsorted(self.rows, row))]
        return found

    @property
    def empty(self) -> int:
        """Number of maps that are zero everywhere."""
        return int((self.maps.max((1, 2)) <= 0).sum())

    @property
    def near_blank(self) -> int:
        """Number of maps that hardly vary."""
        return int(is_near_blank(self.maps).sum())


def explain_answers(
    classifier: TrainedClassifier, store: Store, predictions: Predictions, indices: NDArray[np.int64], seed: int
) -> HeatMaps:
    """Returns heat maps of right and wrong predictions, chosen at random.

    Args:
        classifier: The classifier.
        store: Store of the images.
        predictions: Predictions for one split.
        indices: Positions of their images in the store, shape (N,).
        seed: Random seed of the choice, and of the weights of the randomisation check.
    """
    galleries = choose_shown(predictions, seed)
    rows = np.unique(np.concatenate([chosen for kinds in galleries.values() for chosen in kinds.values()]))
    images = torch.from_numpy(store.load_images(indices[rows]))
    layer = choose_layer(classifier.network, images[:1])
    codes = predictions.predicted
    found = explain_codes(classifier.network, images, codes[rows], layer)
    inside, area = measure_overlap(classifier, store, predictions, indices, layer)
    return HeatMaps(
        galleries=galleries,
        rows=rows,
        maps=found.maps.numpy(),
        layer=found.layer,
        dependence=measure_dependence(classifier.network, images, codes[rows], found, seed),
        inside=inside,
        area=area,
        background=measure_background(images[:, 0].numpy(), found.maps.numpy(), predictions.groups[rows].tolist()),
    )


def choose_shown(predictions: Predictions, seed: int) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Returns rows by class and kind of answer, at most four each, of different groups: arrays of shape (n,).

    With two classes, only the second is shown, or the first if the second neither occurs nor is predicted.
    """
    counts = np.bincount(predictions.codes, minlength=len(predictions.classes))
    shown = sorted(np.argsort(-counts, kind="stable")[:CLASSES].tolist())
    if len(counts) == 2:
        shown = [int(1 in predictions.codes or 1 in predictions.predicted)]
    random = stream(seed, Stream.SHOWN_ANSWERS)
    order = random.permutation(len(predictions.codes))
    galleries = {}
    for code in shown:
        true, said = predictions.codes[order] == code, predictions.predicted[order] == code
        members = (true & said, true & ~said, ~true & said)
        galleries[predictions.classes[code]] = {
            kind: choose_groups(order[here], predictions.groups) for kind, here in zip(KINDS, members, strict=True)
        }
    return galleries


def choose_groups(rows: NDArray[np.int64], groups: NDArray[np.str_]) -> NDArray[np.int64]:
    """Returns the first four rows of different groups; `rows` has the shape (n,), `groups` (N,)."""
    first = np.sort(np.unique(groups[rows], return_index=True)[1])
    return rows[first[:COLUMNS]]


def measure_dependence(
    network: nn.Module, images: Tensor, codes: NDArray[np.int64], found: Explanation, seed: int
) -> WeightDependence | None:
    """Returns how maps change while the weights are destroyed, on up to eight images whose map is not empty.

    Args:
        network: The classifier's network.
        images: Shape (B, 1, H, W), in [-1, 1].
        codes: Predicted class of each image, shape (B,).
        found: Maps of the images.
        seed: Random seed of the new weights.

    Returns:
        The randomisation check; None where fewer than two maps are not empty.
    """
    chosen = np.flatnonzero(found.maps.amax((1, 2)).numpy() > 0)[:CHECKED]
    if len(chosen) < 2:
        return None
    part, kept = images[torch.from_numpy(chosen)], codes[chosen]
    check = check_randomisation(
        network,
        part,
        lambda copy: make_target(copy, 0),
        lambda copy, _: explain_codes(copy, part, kept, found.layer),
        seed,
    )
    final = estimate_mean(check.by_stage[-1])
    return WeightDependence(len(chosen), final.value, check.chance, final.low, final.high)


def measure_background(
    images: NDArray[np.float32], maps: NDArray[np.float32], groups: Sequence[str]
) -> RegionSummary | None:
    """Returns how much of the maps lies in the background, beside its share of the area; None where all are empty.

    Args:
        images: Network range, shape (N, H, W).
        maps: Their maps, shape (N, H, W).
        groups: Group of each image.
    """
    regions = np.stack([split_regions(find_anatomy(image)) for image in images])
    found = summarise(measure_attention(maps, regions, groups), seed=0)["background"]
    return found if found.share.n else None


def measure_overlap(
    classifier: TrainedClassifier,
    store: Store,
    predictions: Predictions,
    indices: NDArray[np.int64],
    layer: str | None,
) -> tuple[Estimate | None, Estimate | None]:
    """Returns (mean share of a map's sum inside the annotated finding, mean share of the area that the finding covers).

    Measured on the first 64 images with a mask of the first 512 that are classified correctly; empty maps have no
    share.

    Args:
        classifier: The classifier.
        store: Store of the images.
        predictions: Predictions for one split.
        indices: Positions of their images in the store, shape (N,).
        layer: Layer to be explained; None for the explainer's default.
    """
    rows = np.flatnonzero(predictions.predicted == predictions.codes)[:SEARCHED]
    if store.masks is None or not (annotated := np.asarray(store.masks[indices[rows]]).any((1, 2))).any():
        return None, None
    rows = rows[annotated][:LOCATED]
    masks, images = np.asarray(store.masks[indices[rows]]), torch.from_numpy(store.load_images(indices[rows]))
    maps = explain_codes(classifier.network, images, predictions.codes[rows], layer).maps.double().numpy()
    with np.errstate(invalid="ignore"):
        shares = (maps * masks).sum((1, 2)) / maps.sum((1, 2))
    if np.isnan(shares).all():
        return None, None
    groups = predictions.groups[rows].tolist()
    return estimate_mean(shares, groups), estimate_mean(masks.mean((1, 2)), groups)


def find_empty_maps(heat: HeatMaps) -> Iterator[Alarm]:
    """Yields an alarm where many maps are zero everywhere, and one where many hardly vary."""
    number = len(heat.rows)
    if heat.empty > EMPTY_SHARE * number:
        message = f"{heat.empty} of {number} Grad-CAM maps are empty: no region supports the predicted class."
        yield Alarm("empty_explanations", "warning", message, {"empty": heat.empty, "maps": number})
    if heat.near_blank > EMPTY_SHARE * number:
        message = (
            f"{heat.near_blank} of {number} Grad-CAM maps are near-blank: they hardly vary over the image, so they "
            "mark no place."
        )
        yield Alarm("near_blank_explanations", "warning", message, {"near_blank": heat.near_blank, "maps": number})


def find_maps_on_background(heat: HeatMaps) -> Iterator[Alarm]:
    """Yields an alarm where maps lie in the background beyond its share of the area."""
    found = heat.background
    if found and found.excess.n >= MIN_IMAGES and found.excess.low > 0 and found.excess.value >= MIN_EXCESS:
        share = found.share
        message = (
            f"Grad-CAM maps lie in the background beyond its share of the area: {share.value:.0%} of their sum (95% "
            f"interval {share.low:.0%} to {share.high:.0%}, n = {share.n}), on {found.area.value:.0%} of the image. "
            "The classifier judges by something outside the anatomy there, such as padding, borders or burnt-in marks."
        )
        yield Alarm("maps_on_background", "warning", message, {"excess": round(found.excess.value, 3)})


def find_independent_maps(heat: HeatMaps) -> Iterator[Alarm]:
    """Yields an alarm where maps hardly depend on the weights."""
    check = heat.dependence
    if check and check.images >= MIN_IMAGES and check.correlation >= IGNORES_WEIGHTS:
        message = (
            f"Grad-CAM maps hardly depend on the weights: mean rank correlation {check.correlation:.2f} (95% interval "
            f"{check.low:.2f} to {check.high:.2f}, n = {check.images}) with the maps of a randomised network "
            f"(unrelated maps: {check.chance:.2f}). They do not show what was learned."
        )
        evidence: dict[str, float | int | str | list[str]] = {
            "correlation": round(check.correlation, 3),
            "images": check.images,
        }
        yield Alarm("explanation_ignores_weights", "warning", message, evidence)


def find_misplaced_maps(heat: HeatMaps) -> Iterator[Alarm]:
    """Yields an alarm where maps lie in the annotated findings no more than uniform maps would."""
    if heat.inside and heat.area and not heat.inside.low > heat.area.high:
        message = (
            f"Grad-CAM maps do not point to the annotated findings: {heat.inside.value:.1%} of their sum lies "
            f"inside, against {heat.area.value:.1%} for a uniform map (n = {heat.inside.n})."
        )
        yield Alarm("maps_miss_findings", "warning", message, {"inside": round(heat.inside.value, 4)})


CHECKS: tuple[Check[HeatMaps], ...] = (
    Check(
        ("empty_explanations", "near_blank_explanations"),
        "empty and near-blank heat maps",
        find_empty_maps,
        f"above {EMPTY_SHARE:.0%} of the maps",
        titles=("empty heat maps", "near-blank heat maps"),
    ),
    Check(
        ("maps_on_background",),
        "heat maps in the background",
        find_maps_on_background,
        f"{MIN_EXCESS:.0%} or more above its share of the area, with an interval above 0, over {MIN_IMAGES} images or "
        "more",
    ),
    Check(
        ("explanation_ignores_weights",),
        "heat maps that hardly change when the weights are destroyed",
        find_independent_maps,
        f"mean absolute rank correlation of {IGNORES_WEIGHTS} or more, over {MIN_IMAGES} images or more",
    ),
    Check(
        ("maps_miss_findings",),
        "heat maps that miss annotated findings",
        find_misplaced_maps,
        "interval of the share inside not above that of a uniform map",
    ),
)
"""What is looked for in the heat maps of a classifier."""
