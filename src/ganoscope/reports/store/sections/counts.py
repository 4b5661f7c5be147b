"""Counts: images, patients and groups by class and split, and where the source's own splits went."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store.splits import SPLITS
from ganoscope.reports.kit.content import Table
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import GroupedTable, StoreChapter

COUNTED = ("images", "patients", "groups")


def show(evidence: Evidence) -> StoreChapter:
    """Returns images, patients and groups by class and split."""
    text = (
        "A group is never divided between splits: it is a patient, a cluster of near-duplicates, or both joined. "
        "The number of groups is the number of independent cases; the number of images is not."
    )
    absent = list_absent(evidence)
    lacking = (f"No image of {', '.join(absent)}: scores on that split do not cover it.",) if absent else ()
    moved = count_source_splits(evidence)
    stated = () if moved else ("The source has no splits of its own.",)
    counted = (count_everything(evidence),)
    return StoreChapter("counts", "Counts", (text, *lacking, *stated), counted, (moved,) if moved else ())


def count_everything(evidence: Evidence) -> GroupedTable:
    """Returns images, known patients where there are any, and independent groups by class and split."""
    everywhere = np.ones(len(evidence.labels), bool)
    parts = [*(evidence.columns["split"] == split for split in SPLITS), everywhere]
    kinds = [(label, evidence.labels == label) for label in evidence.classes]
    if len(kinds) > 1:
        kinds.append(("All", everywhere))
    known = bool((evidence.columns["patient"] != "").any())
    names = COUNTED if known else tuple(name for name in COUNTED if name != "patients")
    rows = []
    for label, member in kinds:
        counts = [count_part(evidence, member & part) for part in parts]
        rows.append((label, *(f"{numbers[name]:,}" for numbers in counts for name in names)))
    titles = (*(split.capitalize() for split in SPLITS), "All")
    return GroupedTable(f"Numbers of {', '.join(names)} by class and split", "Class", titles, names, tuple(rows))


def count_part(evidence: Evidence, members: NDArray[np.bool_]) -> dict[str, int]:
    """Returns the numbers of images, known patients and groups among the marked images, shape (N,)."""
    patients = set(evidence.columns["patient"][members].tolist()) - {""}
    groups = set(evidence.columns["group"][members].tolist())
    return {"images": int(members.sum()), "patients": len(patients), "groups": len(groups)}


def list_absent(evidence: Evidence) -> list[str]:
    """Returns each class of which a split has no image, as `class in split`."""
    there = set(zip(evidence.labels.tolist(), evidence.columns["split"].tolist(), strict=True))
    return [f"{label} in {split}" for split in SPLITS for label in evidence.classes if (label, split) not in there]


def count_source_splits(evidence: Evidence) -> Table | None:
    """Returns images by the source's own split and the store's; None where the source has no splits."""
    stated = evidence.columns["source_split"]
    if not (stated != "").any():
        return None
    names = sorted(set(stated.tolist()))
    counts = Counter(zip(stated.tolist(), evidence.columns["split"].tolist(), strict=True))
    rows = tuple(
        (name or "(not stated)", *(f"{counts[name, split]:,}" for split in SPLITS), f"{int((stated == name).sum()):,}")
        for name in names
    )
    return Table("From the source's splits to the store's", ("Source", *(s.capitalize() for s in SPLITS), "All"), rows)
