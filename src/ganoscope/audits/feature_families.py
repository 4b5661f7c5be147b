"""Features of the synthetic and the real images of an audit, in several families: extracted once for all questions.

At most `MOST_IMAGES` of each set are looked at, and `MOST_PAIRED` where images are compared in pairs, chosen at random
by the seed: time and memory then do not grow with the sets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.answer import Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.classifiers.fitness import refuse_other_images
from ganoscope.contracts import Measurement
from ganoscope.errors import UserError, describe
from ganoscope.evaluate import fidelity, load
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import (
    BATCH,
    Extractor,
    Features,
    extract_features,
    make_radiomics_extractor,
    make_random_extractor,
    standardise,
    use_classifier,
)
from ganoscope.evaluate.spectrum import Spectra, compute_spectra, join_spectra
from ganoscope.registry import list_modules
from ganoscope.seeds import Stream, stream

MOST_IMAGES = 10_000
"""Images of each set that features are extracted of."""
MOST_PAIRED = 2_000
"""Images of each set that are compared in pairs."""
FEWEST = 50
"""Synthetic images below which nothing is measured."""
FEWEST_OF_CLASS = 20
"""Images of a class, synthetic and members, below which it is not measured by itself."""
UNPAIRED = ("frechet_distance", "vendi_score")
"""Measurements of means and covariances: they look at all `MOST_IMAGES`."""
Blocks = Callable[[NDArray[np.int64]], NDArray[np.float32]]
Trio = tuple[Features, Features, Features | None]


@dataclass(frozen=True)
class FeatureFamily:
    """Features of all sets in one family.

    Attributes:
        extractor: Extractor of the family.
        features: Those of the synthetic images, the members and, where there are any, the held-out images.
    """

    extractor: Extractor
    features: Trio


@dataclass(frozen=True)
class Families:
    """What all questions about features look at.

    Attributes:
        families: The families of features.
        spectra: Spectra of the synthetic images, the members and, where there are any, the held-out images.
        labels: Classes of the same images, shape (N,) each; None where synthetic images have none.
        warnings: Why a family was left out.
    """

    families: tuple[FeatureFamily, ...]
    spectra: tuple[Spectra, Spectra, Spectra | None]
    labels: tuple[NDArray[np.str_], ...] | None
    warnings: tuple[str, ...]


_LATEST: list[tuple[AuditEvidence, Families]] = []
"""The latest evidence with its families: questions of one audit share them."""


def find_families(evidence: AuditEvidence) -> Families:
    """Returns the families of an audit; a second question of the same evidence gets those of the first.

    Raises:
        UserError: There are too few images.
    """
    if not _LATEST or _LATEST[0][0] is not evidence:
        _LATEST[:] = [(evidence, extract_families(evidence))]
    return _LATEST[0][1]


def extract_families(evidence: AuditEvidence) -> Families:
    """Returns the features of all sets; every image is loaded once.

    Raises:
        UserError: There are too few synthetic images.
    """
    synthetic, sets = evidence.synthetic, (evidence.members, evidence.held_out)
    if synthetic.count < FEWEST:
        raise UserError(describe("too few synthetic images", synthetic.count, f"{FEWEST} or more", "Take more."))
    extractors, warnings = choose_extractors(evidence)
    positions = choose(np.arange(synthetic.count), evidence.seed, 0)
    found = [extract_set(extractors, synthetic.load, positions, np.arange(len(positions)).astype(str))]
    labels = [synthetic.labels[positions]] if synthetic.labels is not None else None
    for number, real in enumerate(sets, start=1):
        if real is not None:
            indices = choose(real.indices, evidence.seed, number)
            groups = real.store.column("group")[indices]
            found.append(extract_set(extractors, real.store.load_images, indices, groups))
            if labels is not None:
                labels.append(real.store.column("label")[indices])
    return Families(
        families=tuple(join_sets(extractor, [one[0][at] for one in found]) for at, extractor in enumerate(extractors)),
        spectra=(found[0][1], found[1][1], found[2][1] if evidence.held_out else None),
        labels=tuple(labels) if labels is not None else None,
        warnings=tuple(warnings),
    )


def choose(positions: NDArray[np.int64], seed: int, number: int, most: int = MOST_IMAGES) -> NDArray[np.int64]:
    """Returns at most `most` positions at random, ascending; all of them, in their order, where they are no more.

    Args:
        positions: Positions to choose from, shape (N,).
        seed: Seed of the audit.
        number: Number of the set.
        most: Largest number of positions.

    Returns:
        Shape (n,).
    """
    if len(positions) <= most:
        return positions
    return np.sort(stream(seed, Stream.AUDITED_IMAGES, number).permutation(positions)[:most])


def choose_extractors(evidence: AuditEvidence) -> tuple[list[Extractor], list[str]]:
    """Returns the extractors of an audit, and warnings about a classifier that can't be one of them."""
    extractors, warnings = [make_random_extractor(device=evidence.device), make_radiomics_extractor()], []
    if evidence.classifier is not None and evidence.held_out is None:
        warnings.append("The classifier's features are left out: without held-out images they have no floor.")
    elif evidence.classifier is not None:
        try:
            refuse_other_images(evidence.classifier, evidence.members.store)
            extractors.append(use_classifier(evidence.classifier))
        except UserError as error:
            warnings.append(f"The classifier's features are left out: {error}")
    return extractors, warnings


def extract_set(
    extractors: list[Extractor], load: Blocks, positions: NDArray[np.int64], groups: NDArray[Any]
) -> tuple[list[Features], Spectra]:
    """Returns the features of a set by each extractor, and its spectra.

    Args:
        extractors: The extractors.
        load: From positions to images (n, 1, H, W) in network range.
        positions: The set, shape (N,).
        groups: Group of each image, shape (N,).
    """
    parts: list[list[NDArray[np.float64]]] = [[] for _ in extractors]
    spectra = []
    for at in range(0, len(positions), BATCH):
        block = slice(at, at + BATCH)
        images = load(positions[block])
        spectra.append(compute_spectra(images[:, 0], groups[block]))
        for extractor, part in zip(extractors, parts, strict=True):
            part.append(extract_features(extractor, [images]).values)
    features = [
        Features(np.concatenate(part), groups, extractor.name, extractor.weights_sha256)
        for extractor, part in zip(extractors, parts, strict=True)
    ]
    return features, join_spectra(spectra)


def join_sets(extractor: Extractor, sets: list[Features]) -> FeatureFamily:
    """Returns a family; radiomics are standardised by the members' mean and standard deviation."""
    if extractor.name == "radiomics":
        sets = [standardise(one, sets[1]) for one in sets]
    return FeatureFamily(extractor, (sets[0], sets[1], sets[2] if len(sets) > 2 else None))


def list_measurements(named: tuple[str, ...] | None, without: tuple[str, ...] = ()) -> list[Measurement[Comparison]]:
    """Returns the measurements in a feature space.

    Args:
        named: Names of those to return; None for all.
        without: Names of those to leave out.
    """
    found = [one for one in map(load, list_modules(fidelity)) if "extractor" in one.NEEDS]
    return [one for one in found if one.NAME not in without and (named is None or one.NAME in named)]


def measure_families(
    families: Families, measurements: list[Measurement[Comparison]], seed: int
) -> tuple[list[Value], list[str]]:
    """Returns the measurements in all families, of all images and by class, and why any is missing.

    Args:
        families: Features of all sets.
        measurements: What to measure.
        seed: Seed of draws and resamples.
    """
    values, missing = [], list(families.warnings)
    for family in families.families:
        for images, trio in list_subsets(families, family.features, missing):
            for one in measurements:
                if trio[2] is None and "held_out" in one.NEEDS:
                    missing.append(f"{one.NAME} is left out where there are too few held-out images.")
                    continue
                chosen = trio if one.NAME in UNPAIRED else limit(trio, seed)
                try:
                    measured = one.measure(Comparison(features=chosen, seed=seed))
                except UserError as error:
                    missing.append(f"{one.NAME} in {family.extractor.name}, {images} images: {error}")
                    continue
                values.append(Value(one.NAME, measured, images, family.extractor.name, family.extractor.weights_sha256))
    return values, list(dict.fromkeys(missing))


def list_subsets(families: Families, trio: Trio, missing: list[str]) -> list[tuple[str, Trio]]:
    """Returns all images, and those of each class that there are enough of.

    Args:
        families: Holds the labels.
        trio: Features of all sets in one family.
        missing: Gets a line for each class that is too small.
    """
    subsets = [("all", trio)]
    labels = families.labels
    for name in sorted({*labels[0].tolist()} & {*labels[1].tolist()}) if labels else []:
        own = [np.flatnonzero(one == name) for one in labels or ()]
        small = [f"{len(one)} {what}" for one, what in zip(own, ("synthetic", "members'"), strict=False)]
        if min(len(one) for one in own[:2]) < FEWEST_OF_CLASS:
            missing.append(f"Class {name} is not measured: {' and '.join(small)} images, {FEWEST_OF_CLASS} are needed.")
            continue
        peer = trio[2].take(own[2]) if trio[2] is not None and len(own[2]) >= FEWEST_OF_CLASS else None
        subsets.append((f"class {name}", (trio[0].take(own[0]), trio[1].take(own[1]), peer)))
    return subsets if len(subsets) > 2 else subsets[:1]


def limit(trio: Trio, seed: int) -> Trio:
    """Returns at most `MOST_PAIRED` images of each set, chosen at random."""
    first, second, third = (
        one if one is None or len(one.values) <= MOST_PAIRED else one.take(draw(len(one.values), seed, number))
        for number, one in enumerate(trio)
    )
    assert first is not None and second is not None
    return first, second, third


def draw(count: int, seed: int, number: int) -> NDArray[np.int64]:
    """Returns `MOST_PAIRED` random positions, ascending, shape (MOST_PAIRED,).

    Args:
        count: Number of images of the set, at least as many.
        seed: Seed of the audit.
        number: Number of the set.
    """
    return np.sort(stream(seed, Stream.PAIRED_IMAGES, number).permutation(count)[:MOST_PAIRED])


def count_images(evidence: AuditEvidence) -> dict[str, int]:
    """Returns the number of images of each set."""
    held_out = len(evidence.held_out.indices) if evidence.held_out else 0
    return {"synthetic": evidence.synthetic.count, "members": len(evidence.members.indices), "held_out": held_out}
