"""Features of the synthetic and the real images of an audit, in several families: extracted once for all questions.

Means and covariances are those of all images of a set, of any number. All else looks at `MOST_IMAGES` of each set at
most, and at `MOST_PAIRED` where images are compared in pairs, chosen at random by the seed: memory does not grow.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.answer import Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.beside_real.image_parts import FEWEST, Part, Trio, select_parts, take_part
from ganoscope.audits.display_names import find_display, name_family
from ganoscope.classifiers.fitness import refuse_other_images
from ganoscope.contracts import Measurement
from ganoscope.errors import UserError, describe
from ganoscope.evaluate import fidelity, load
from ganoscope.evaluate.classification.subgroup_scores import KINDS
from ganoscope.evaluate.comparison import Comparison
from ganoscope.evaluate.features import (
    BATCH,
    RADIOMICS,
    Extractor,
    Features,
    extract_features,
    make_radiomics_extractor,
    make_random_extractor,
    standardise,
    use_classifier,
)
from ganoscope.evaluate.moments import Moments, compute_moments
from ganoscope.evaluate.spectrum import Spectra, compute_spectra, join_spectra
from ganoscope.registry import list_modules
from ganoscope.seeds import Stream, stream

MOST_IMAGES = 10_000
"""Images of each set whose features are kept."""
UNPAIRED = ("frechet_distance", "vendi_score")
"""Measurements of means and covariances: they look at more than pairs of images."""
Blocks = Callable[[NDArray[np.int64]], NDArray[np.float32]]


@dataclass(frozen=True)
class FeatureFamily:
    """Features of all sets in one family.

    Attributes:
        extractor: Extractor of the family.
        features: Those of the synthetic images, the members and, where there are any, the held-out images.
        parts: All images, classes and subgroups.
    """

    extractor: Extractor
    features: Trio
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Families:
    """What all questions about features look at.

    Attributes:
        families: The families of features.
        spectra: Spectra of the synthetic images, the members and, where there are any, the held-out images.
        warnings: Why a family or a part of the images was left out.
    """

    families: tuple[FeatureFamily, ...]
    spectra: tuple[Spectra, Spectra, Spectra | None]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ImageSet:
    """A set of images, and which of them features are kept of.

    Attributes:
        load: From positions to images (n, 1, H, W) in network range.
        positions: All images, shape (N,).
        drawn: Those whose features are kept, shape (n,).
        groups: Group of each of these, shape (n,).
    """

    load: Blocks
    positions: NDArray[np.int64]
    drawn: NDArray[np.int64]
    groups: NDArray[Any]


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
    if evidence.synthetic.count < FEWEST:
        raise UserError(
            describe("too few synthetic images", evidence.synthetic.count, f"{FEWEST} or more", "Take more.")
        )
    extractors, warnings = choose_extractors(evidence)
    sets = list_sets(evidence)
    found = [extract_set(extractors, one.load, one.drawn, one.groups) for one in sets]
    raw = [[one[0][at] for one in found] for at in range(len(extractors))]
    moments = [measure_rest(extractors, [one[1] for one in raw], each) for each in sets]
    selections, missing = select_parts([len(one.drawn) for one in sets], *list_columns(evidence, sets))
    families = []
    for at, extractor in enumerate(extractors):
        trio = join_sets(extractor, raw[at], [one[at] for one in moments])
        parts = tuple(take_part(selection, trio, evidence.seed) for selection in selections)
        families.append(FeatureFamily(extractor, trio, parts))
    return Families(
        families=tuple(families),
        spectra=(found[0][1], found[1][1], found[2][1] if evidence.held_out else None),
        warnings=(*warnings, *missing),
    )


def list_sets(evidence: AuditEvidence) -> list[ImageSet]:
    """Returns the synthetic images, the members and, where there are any, the held-out images."""
    synthetic = evidence.synthetic
    positions = np.arange(synthetic.count)
    drawn = choose(positions, evidence.seed, 0)
    found = [ImageSet(synthetic.load, positions, drawn, np.arange(len(drawn)).astype(str))]
    for number, real in enumerate((evidence.members, evidence.held_out), start=1):
        if real is not None:
            drawn = choose(real.indices, evidence.seed, number)
            found.append(ImageSet(real.store.load_images, real.indices, drawn, real.store.column("group")[drawn]))
    return found


def list_columns(
    evidence: AuditEvidence, sets: list[ImageSet]
) -> tuple[list[NDArray[np.str_]] | None, dict[str, NDArray[np.str_]]]:
    """Returns the classes of all sets, and the members' values in every column of subgroups.

    Args:
        evidence: What the questions are asked of.
        sets: The synthetic images, the members and, where there are any, the held-out images.

    Returns:
        Classes, shape (n,) for each set, None where synthetic images have none; values by column, shape (n,) each.
    """
    stores = [real.store for real in (evidence.members, evidence.held_out) if real is not None]
    attributes = {kind: stores[0].column(kind)[sets[1].drawn] for kind in KINDS}
    own = evidence.synthetic.labels
    if own is None:
        return None, attributes
    labels = [store.column("label")[one.drawn] for store, one in zip(stores, sets[1:], strict=True)]
    return [own[sets[0].drawn], *labels], attributes


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


def measure_rest(extractors: list[Extractor], references: list[Features], images: ImageSet) -> list[Moments | None]:
    """Returns the moments of the features of the images that were not drawn, by extractor; None where all were.

    Args:
        extractors: The extractors.
        references: Features of the members, which standardise.
        images: The set.
    """
    rest = np.setdiff1d(images.positions, images.drawn)
    moments: list[Moments | None] = [None] * len(extractors)
    for at in range(0, len(rest), BATCH):
        block = images.load(rest[at : at + BATCH])
        for place, (extractor, reference) in enumerate(zip(extractors, references, strict=True)):
            own = compute_moments(adjust(extractor, extract_features(extractor, [block]), reference).values)
            known = moments[place]
            moments[place] = own if known is None else known.merge(own)
    return moments


def adjust(extractor: Extractor, features: Features, reference: Features) -> Features:
    """Returns features as they are compared: radiomics are standardised by the members' mean and deviation.

    Args:
        extractor: Their extractor.
        features: Features of a set.
        reference: Features of the members.
    """
    return standardise(features, reference) if extractor.name == RADIOMICS else features


def join_sets(extractor: Extractor, sets: list[Features], rest: list[Moments | None]) -> Trio:
    """Returns the features of all sets as they are compared.

    Args:
        extractor: Their extractor.
        sets: Features of the synthetic images, the members and, where there are any, the held-out images.
        rest: Moments of the images of each that were not drawn.
    """
    joined = []
    for features, moments in zip(sets, rest, strict=True):
        found = adjust(extractor, features, sets[1])
        joined.append(replace(found, moments=moments.merge(compute_moments(found.values))) if moments else found)
    return joined[0], joined[1], joined[2] if len(joined) > 2 else None


def list_measurements(named: tuple[str, ...] | None, without: tuple[str, ...] = ()) -> list[Measurement[Comparison]]:
    """Returns the measurements in a feature space.

    Args:
        named: Names of those to return; None for all.
        without: Names of those to leave out.
    """
    found = [one for one in map(load, list_modules(fidelity)) if "extractor" in one.NEEDS]
    return [one for one in found if one.NAME not in without and (named is None or one.NAME in named)]


def measure_families(families: Families, measurements: list[Measurement[Comparison]]) -> tuple[list[Value], list[str]]:
    """Returns the measurements in all families, of all images and of parts of them, and why any is missing.

    Args:
        families: Features of all sets.
        measurements: What to measure.
    """
    values, missing = [], list(families.warnings)
    for family in families.families:
        for part in family.parts:
            for one in measurements:
                evidence = part.whole if one.NAME in UNPAIRED else part.paired
                words = find_display(one.NAME).words
                if evidence.features and evidence.features[2] is None and "held_out" in one.NEEDS:
                    missing.append(f"The {words} is left out where there are too few held-out images.")
                    continue
                try:
                    measured = one.measure(evidence)
                except UserError as error:
                    missing.append(f"The {words} in {name_family(family.extractor.name)}, {part.images}: {error}")
                    continue
                extractor = family.extractor
                values.append(Value(one.NAME, measured, part.images, extractor.name, extractor.weights_sha256))
    return values, list(dict.fromkeys(missing))


def count_images(evidence: AuditEvidence) -> dict[str, int]:
    """Returns the number of images of each set."""
    held_out = len(evidence.held_out.indices) if evidence.held_out else 0
    return {"synthetic": evidence.synthetic.count, "members": len(evidence.members.indices), "held_out": held_out}
