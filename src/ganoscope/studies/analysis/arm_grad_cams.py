"""Grad-CAM of every arm's network on the same images: real positive, real negative and synthetic ones."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.arrays import save_arrays
from ganoscope.data.levels.words import is_healthy
from ganoscope.data.store import Store
from ganoscope.files import save_json
from ganoscope.studies.analysis.first_split import FirstSplit
from ganoscope.studies.analysis.ssim_distribution import choose
from ganoscope.training.processes import choose_device

FILE, ARRAYS = "grad_cams.json", "grad_cams.npz"
SCHEMA_VERSION = 1
POSITIVE, NEGATIVE, SYNTHETIC = "real positive", "real negative", "synthetic"


@dataclass(frozen=True)
class Subject:
    """An image that heat maps are made of.

    Attributes:
        kind: `real positive`, `real negative` or `synthetic`.
        label: Its class, whose logit is explained in every arm.
        sample_id: Its id.
    """

    kind: str
    label: str
    sample_id: str


@dataclass(frozen=True)
class ArmMaps:
    """The maps of one arm.

    Attributes:
        arm: The arm.
        layer: Layer that was explained.
        probabilities: Calibrated probability of each image's own class.
    """

    arm: str
    layer: str
    probabilities: list[float]


@dataclass(frozen=True)
class GradCams:
    """The content of `grad_cams.json`; `grad_cams.npz` holds `images` and, by arm, maps, both of shape (N, H, W).

    Attributes:
        family: The network.
        negative: Class that counts as negative.
        subjects: The images.
        arms: The arms.
    """

    family: str
    negative: str
    subjects: list[Subject]
    arms: list[ArmMaps]


def explain_arms(split: FirstSplit, samples: int, seed: int, folder: Path) -> GradCams | None:
    """Returns what the networks of all arms look at, after writing `grad_cams.npz` and `grad_cams.json`.

    Args:
        split: The first outer split; real images are held-out ones, which no network has learned from.
        samples: Images of each kind.
        seed: Seed of their choice.
        folder: Folder to write to.

    Returns:
        None where no family is a network.
    """
    family, runs = split.find_networks()
    if not family:
        return None
    held_out = split.held_out
    negative = find_negative(held_out)
    chosen = list(choose_subjects(held_out, split.synthetic, negative, samples, seed))
    subjects = [subject for subject, _ in chosen]
    images = np.stack([image for _, image in chosen])
    arms, arrays = [], {"images": np.stack([held_out.intensity.to_view(image) for image in images])[:, 0]}
    for arm, run in runs.items():
        found, arrays[f"maps/{arm}"] = explain_arm(arm, run, images, [subject.label for subject in subjects])
        arms.append(found)
    cams = GradCams(family, negative, subjects, arms)
    save_arrays(folder / ARRAYS, arrays)
    save_json(folder / FILE, {"schema_version": SCHEMA_VERSION, **asdict(cams)})
    return cams


def find_negative(store: Store) -> str:
    """Returns the class whose name says that there is no disease, or else the most frequent one."""
    names, counts = np.unique(store.column("label"), return_counts=True)
    healthy = [name for name in names.tolist() if is_healthy(name)]
    return healthy[0] if healthy else str(names[counts.argmax()])


def choose_subjects(
    real: Store, synthetic: Store | None, negative: str, samples: int, seed: int
) -> Iterator[tuple[Subject, NDArray[np.float32]]]:
    """Yields images of each kind, in network range, shape (1, H, W).

    Args:
        real: Store of real images.
        synthetic: Store of synthetic images.
        negative: Class that counts as negative.
        samples: Images of each kind.
        seed: Seed of their choice.
    """
    labels = real.column("label")
    kinds: list[tuple[str, Store, NDArray[np.int64]]] = [
        (POSITIVE, real, np.flatnonzero(labels != negative)),
        (NEGATIVE, real, np.flatnonzero(labels == negative)),
    ]
    if synthetic:
        kinds.append((SYNTHETIC, synthetic, np.arange(synthetic.count)))
    for number, (kind, store, positions) in enumerate(kinds, 2):
        for place in choose(positions, samples, seed, number).tolist():
            names = (str(store.column(column)[place]) for column in ("label", "sample_id"))
            yield Subject(kind, *names), store.load_images(np.array([place]))[0]


def explain_arm(
    arm: str, run: Path, images: NDArray[np.float32], labels: list[str]
) -> tuple[ArmMaps, NDArray[np.float32]]:
    """Returns the maps of one arm's network, shape (N, H, W), each for the logit of the image's own class.

    Args:
        arm: The arm.
        run: Folder of its classifier.
        images: Network range, shape (N, 1, H, W).
        labels: Class of each.
    """
    from ganoscope.explanation.classifier_maps import choose_layer, explain_codes  # late: it imports pyplot

    classifier = open_classifier(run, choose_device("auto"))
    codes, batch = np.array([classifier.record.classes.index(label) for label in labels]), torch.from_numpy(images)
    found = explain_codes(classifier.network, batch, codes, choose_layer(classifier.network, batch[:1]))
    with torch.no_grad():
        given = classifier.compute_probabilities(batch.to(next(classifier.network.parameters()).device)).cpu().numpy()
    own = [float(value) for value in given[np.arange(len(codes)), codes]]
    return ArmMaps(arm, found.layer, own), found.maps.numpy().astype(np.float32)
