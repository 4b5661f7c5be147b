"""Tables of the inspection page: classes and splits, patients, duplicates, series, files not taken, settings."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store.splits import SPLITS
from ganoscope.reports.kit.content import Table, write_number
from ganoscope.reports.store.evidence import Evidence

LARGEST_PATIENTS = 12
LISTED_FILES = 20
"""File numbers listed per reason; the full list is in quarantine.csv."""
SERIES_ROWS = 60
COUNTED = ("images", "patients", "groups")


@dataclass(frozen=True)
class GroupedTable:
    """A table of numbers whose columns come in groups of the same names."""

    caption: str
    corner: str
    groups: tuple[str, ...]
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


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
    """Returns images, known patients and groups among some images."""
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


def count_images_of_patients(evidence: Evidence) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Returns the known patients and the number of images of each, most images first."""
    known = evidence.columns["patient"][evidence.columns["patient"] != ""]
    names, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return names[order], counts[order].astype(np.int64)


def list_patients(evidence: Evidence) -> Table:
    """Returns the patients with the most images, with their classes and splits."""
    names, counts = count_images_of_patients(evidence)
    rows = []
    for name, number in zip(names[:LARGEST_PATIENTS].tolist(), counts.tolist(), strict=False):
        members = evidence.columns["patient"] == name
        listed = Counter(evidence.labels[members].tolist()).most_common(4)
        classes = ", ".join(f"{images:,} {label}" for label, images in listed) if evidence.labelled else "no labels"
        splits = ", ".join(sorted(set(evidence.columns["split"][members].tolist())))
        rows.append((name, f"{number:,}", f"{number / len(evidence.labels):.1%}", classes, splits))
    header = ("Pseudonym", "Images", "Share", "Classes", "Split")
    return Table("Patients with the most images", header, tuple(rows), words=True)


def count_pairs(evidence: Evidence) -> Table:
    """Returns pairs of duplicates by relation: how many there are, across splits, and with different labels."""
    pairs = evidence.pairs or ()
    rows = []
    for relation, number in Counter(pair.relation for pair in pairs).most_common():
        of_kind = [pair for pair in pairs if pair.relation == relation]
        flags = (
            sum(pair.across_source for pair in of_kind),
            sum(pair.across_splits for pair in of_kind),
            sum(pair.conflicting for pair in of_kind),
        )
        lowest = min(pair.correlation for pair in of_kind)
        rows.append((relation, f"{number:,}", *(f"{flag:,}" for flag in flags), f"{lowest:.3f}"))
    header = ("Relation", "Pairs", "Across source splits", "Across the store's splits", "Different labels",
              "Lowest correlation")  # fmt: skip
    return Table("Pairs of duplicates", header, tuple(rows))


def list_series(evidence: Evidence) -> Table:
    """Returns the series, those with missing slices and other problems first."""
    ordered = sorted(evidence.series, key=lambda row: (-int(row["missing"] or 0), not row["problems"]))
    rows = tuple(
        (
            row["series"],
            row["modality"] or "unknown",
            row["slices"],
            write_decimal(row["spacing_between_mm"]),
            write_decimal(row["thickness_mm"]),
            row["missing"] or "0",
            row["problems"] or "none",
        )
        for row in ordered[:SERIES_ROWS]
    )
    header = ("Series", "Modality", "Slices", "Distance (mm)", "Thickness (mm)", "Missing", "Problems")
    more = f"; the first {SERIES_ROWS} of {len(ordered):,}, all are in series.csv" if len(ordered) > SERIES_ROWS else ""
    return Table(f"Series, those with problems first{more}", header, rows, words=True)


def write_decimal(text: str) -> str:
    """Returns a number in a table's cell as a reader wants it; what is no number stays as it is.

    Example:
        >>> write_decimal("1.2500000"), write_decimal("")
        ('1.25', 'unknown')
    """
    try:
        return write_number(float(text)) if text else "unknown"
    except ValueError:
        return text


def list_not_taken(evidence: Evidence) -> Table:
    """Returns why files were not taken, how many, and the first file numbers of each reason."""
    rows = []
    for reason, sources in evidence.not_taken.items():
        more = f" and {len(sources) - LISTED_FILES:,} more" if len(sources) > LISTED_FILES else ""
        rows.append((reason, f"{len(sources):,}", ", ".join(sources[:LISTED_FILES]) + more))
    return Table("Files not taken", ("Reason", "Files", "File numbers"), tuple(rows), words=True)


def list_identity(evidence: Evidence) -> Table:
    """Returns what identifies the store."""
    store, columns = evidence.store, evidence.columns
    patients = len(set(columns["patient"].tolist()) - {""})
    low, high, unit = store.intensity.low, store.intensity.high, store.intensity.unit
    masks = int((columns["annotated"] == "1").sum())
    boxes = int((columns["boxes"] != "").sum())
    rows = (
        ("Name", store.name),
        ("Images", f"{store.count:,}, {store.size} × {store.size} px"),
        ("Classes", f"{len(evidence.classes):,}" if evidence.labelled else "no labels"),
        ("Known patients", f"{patients:,}"),
        ("Modality", store.modality or "unknown"),
        ("Stored values", f"{unit}, {store.intensity.dtype}; {low:g} to {high:g} become -1 to 1"),
        ("Lesion annotations", f"{masks:,} images with masks, {boxes:,} with boxes" if masks or boxes else "none"),
        ("Fingerprint (SHA-256)", store.fingerprint),
    )
    return Table("Identity", ("Fact", "Value"), rows, words=True)


def list_settings(evidence: Evidence) -> Table:
    """Returns how the store was prepared; what was not given is left out."""
    given = {name: value for name, value in evidence.store.prepared.items() if value not in (None, "")}
    rows = tuple((name.replace("_", " "), write_number(value)) for name, value in given.items())
    return Table("How the store was prepared", ("Setting", "Value"), rows, words=True)
