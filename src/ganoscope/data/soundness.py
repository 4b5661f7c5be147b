"""Alarms of a store: what its manifest, its pairs of duplicates and its series show to be wrong or misleading."""

import csv
from collections import Counter
from collections.abc import Collection
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm
from ganoscope.data.store import Store
from ganoscope.data.summary import count_quarantined

FEW_IMAGES = 200
"""Below this many training images a GAN is likely to memorise them; a note says so."""
FEW_OF_CLASS = 10
"""Below this many held-out images of a class, scores on it say little."""
FEW_GROUPS = 5
"""Below this many independent groups in a held-out part, its scores are about a few persons."""
LARGE_SHARE, LARGE_FACTOR = 0.05, 5
"""A patient who has this share of all images, and this many times the median patient's, weighs too much."""
ROWS = 4096
"""Rows of the manifest that are read at a time."""
UNUSED_COLUMNS = ("source", "placement", "boxes", "position_mm")
"""What alarms do without."""
MARKED_SHARE = 0.02
"""From this share of images with burnt-in text or markers on, they are worth an alarm."""


def find_alarms(store: Store, patient_conflicts: int = 0) -> list[Alarm]:
    """Returns every alarm that a store's tables show.

    Args:
        store: A store whose tables are complete.
        patient_conflicts: Patient ids under which the source had two persons; only `prepare` can know.
    """
    names = ("split", "group", "label", "patient", "source_sha256", "source_split", "coloured", "frame")
    columns = read_columns(store, UNUSED_COLUMNS)
    splits, groups, labels, patients, digests, source_splits, flags, frames = (columns[name] for name in names)
    contents = np.char.add(np.char.add(digests, " "), frames)
    persons_or_series = np.where(patients != "", patients, columns["series"])
    pairs, ids = read_table(store.path / "duplicates.csv"), columns["sample_id"].tolist()
    return [
        *split_crossing(splits, groups),
        *shared_ids(patient_conflicts),
        *label_conflicts(pairs, dict(zip(ids, labels.tolist(), strict=True))),
        *exact_copies(contents),
        *near_duplicates(pairs, dict(zip(ids, persons_or_series.tolist(), strict=True))),
        *source_split_overlap(contents, source_splits, splits),
        *unknown_patients(patients, groups),
        *uneven_patients(patients),
        *patients_in_several_classes(patients, labels),
        *series_problems(read_table(store.path / "series.csv")),
        *single_class(splits, labels),
        *thin_classes(splits, labels),
        *few_groups(splits, groups),
        *few_images(splits),
        *find_metadata_shortcuts(columns),
        *marked(columns["markers"], columns["searched"] == "1", labels),
        *mixed_modalities(columns["modality"]),
        *coloured(flags),
        *quarantined(store),
    ]


def find_metadata_shortcuts(columns: dict[str, NDArray[np.str_]]) -> list[Alarm]:
    """Warns where the label can be told from the manifest alone."""
    from ganoscope.data.shortcuts import find_shortcuts, shortcut_alarms  # scikit-learn takes a second to import

    return shortcut_alarms(find_shortcuts(columns))


def read_table(path: Path) -> list[dict[str, str]]:
    """Returns the rows of a store's table; none where it has no such table."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_columns(store: Store, leave_out: Collection[str] = ()) -> dict[str, NDArray[np.str_]]:
    """Returns the manifest's columns by name, read in one pass and some rows at a time."""
    parts: dict[str, list[NDArray[np.str_]]] = {}
    with (store.path / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        names = next(rows)
        while chunk := list(islice(rows, ROWS)):
            for name, values in zip(names, zip(*chunk, strict=True), strict=True):
                if name not in leave_out:
                    parts.setdefault(name, []).append(np.array(values, np.str_))
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def shared_ids(conflicts: int) -> list[Alarm]:
    """Alarms when files under one patient id tell of two persons."""
    if not conflicts:
        return []
    message = (
        f"{conflicts} patient ids stand for two persons each, by the names, birth dates or sexes in their files. Their "
        "images stay together in one split, but numbers per patient are wrong: mend the ids in the source."
    )
    return [Alarm("patient_id_conflict", "warning", message, {"ids": conflicts})]


def label_conflicts(pairs: list[dict[str, str]], labels: dict[str, str]) -> list[Alarm]:
    """Alarms when the same or nearly the same picture has two labels."""
    conflicts = [pair for pair in pairs if labels[pair["first"]] != labels[pair["second"]]]
    if not conflicts:
        return []
    exact = sum(pair["relation"] == "exact copy" for pair in conflicts)
    message = (
        f"duplicates with different labels: {len(conflicts)} pair(s), {exact} of them exact copies. At least one "
        "label of each pair is wrong, or neighbouring slices of one patient were labelled apart. See duplicates.csv."
    )
    return [Alarm("label_conflicts", "warning", message, {"pairs": len(conflicts), "exact": exact})]


def near_duplicates(pairs: list[dict[str, str]], origins: dict[str, str]) -> list[Alarm]:
    """Warns of pictures that are nearly the same, also turned or mirrored.

    Copies by bytes have an alarm of their own; pictures of one known origin (a patient or a volume) may well be alike.
    """
    relations = Counter(
        pair["relation"]
        for pair in pairs
        if pair["relation"] != "exact copy" and not origins[pair["first"]] == origins[pair["second"]] != ""
    )
    if not relations:
        return []
    listed = ", ".join(f"{count:,} {relation}" for relation, count in relations.most_common())
    message = (
        f"{relations.total():,} links between near-duplicate pictures ({listed}). Linked pictures stay in one split "
        "together; they count more than once in every statistic."
    )
    return [Alarm("near_duplicates", "warning", message, dict(relations))]


def uneven_patients(patients: NDArray[np.str_]) -> list[Alarm]:
    """Warns of a patient with so many images that results are largely about that person."""
    counts = np.unique(patients[patients != ""], return_counts=True)[1]
    if not len(counts):
        return []
    largest, median = int(counts.max()), float(np.median(counts))
    if largest < LARGE_SHARE * len(patients) or largest < LARGE_FACTOR * median:
        return []
    message = (
        f"patients are uneven: one has {largest} of {len(patients):,} images, the median patient {median:g}. Weigh "
        "results by patient, or take fewer images of those."
    )
    return [Alarm("uneven_patients", "warning", message, {"largest": largest, "median": median})]


def patients_in_several_classes(patients: NDArray[np.str_], labels: NDArray[np.str_]) -> list[Alarm]:
    """Notes patients with images in more than one class."""
    known = patients != ""
    pairs = np.unique(np.stack([patients[known], labels[known]]), axis=1)
    several = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum()) if known.any() else 0
    if not several:
        return []
    message = (
        f"{several} patients have images in more than one class. They stay in one split; unpaired domains share these "
        "patients, so that anatomy can be matched by person."
    )
    return [Alarm("patients_in_several_classes", "note", message, {"patients": several})]


def series_problems(series: list[dict[str, str]]) -> list[Alarm]:
    """Warns of volumes with missing slices, and of slices that overlap or leave gaps."""
    missing = [row for row in series if int(row["missing"] or 0)]
    apart = [row for row in series if differs(row["thickness_mm"], row["spacing_between_mm"])]
    alarms = []
    if missing:
        slices = sum(int(row["missing"]) for row in missing)
        message = f"{slices} slices are missing in {len(missing)} of {len(series)} series, by the gaps in position."
        alarms.append(Alarm("missing_slices", "warning", message, {"series": len(missing), "slices": slices}))
    if apart:
        message = (
            f"in {len(apart)} of {len(series)} series the slice thickness differs from the distance between slices: "
            "slices overlap or leave gaps, and neighbours share tissue. See series.csv."
        )
        evidence = [
            f"{float(row['thickness_mm']):g} mm thick every {float(row['spacing_between_mm']):g}" for row in apart
        ]
        alarms.append(Alarm("thickness_spacing", "note", message, {"series": len(apart), "found": evidence[:20]}))
    return alarms


def differs(thickness_mm: str, spacing_mm: str) -> bool:
    """Tells whether slices overlap or leave gaps: thickness and distance, where both are known, differ by over 5 %."""
    if not thickness_mm or not spacing_mm:
        return False
    return abs(float(thickness_mm) / float(spacing_mm) - 1) > 0.05


def marked(markers: NDArray[np.str_], searched: NDArray[np.bool_], labels: NDArray[np.str_]) -> list[Alarm]:
    """Notes burnt-in text or markers: a classifier may read them, and a GAN draws them."""
    seen = markers != ""
    if seen.sum() < max(1, MARKED_SHARE * searched.sum()):
        return []
    names = np.unique(labels[searched])
    shares = ", ".join(f"{seen[searched & (labels == name)].mean():.0%} of {name or 'all'}" for name in names)
    message = (
        f"of {int(searched.sum()):,} images that were searched, {int(seen.sum()):,} seem to hold burnt-in text or "
        f"markers ({shares}; a hint, not a certainty). They may name a patient, and a classifier may learn them: look "
        "at the gallery of `ganoscope inspect`."
    )
    return [Alarm("burnt_in_markers", "note", message, {"images": int(seen.sum())})]


def mixed_modalities(modalities: NDArray[np.str_]) -> list[Alarm]:
    """Warns of a store that mixes modalities."""
    counts = Counter(modalities.tolist())
    if len(counts) < 2:
        return []
    listed = ", ".join(f"{count:,} {name or 'unknown'}" for name, count in counts.most_common())
    message = f"the images are of different modalities ({listed}): separate them with --only-modality."
    return [Alarm("mixed_modalities", "warning", message, dict(counts))]


def split_crossing(splits: NDArray[np.str_], groups: NDArray[np.str_]) -> list[Alarm]:
    """Alarms when a patient or near-duplicate cluster is in two splits."""
    pairs = np.unique(np.stack([groups, splits]), axis=1)
    crossing = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum())
    if not crossing:
        return []
    return [
        Alarm(
            "split_crossing",
            "danger",
            f"{crossing} groups (patients or near-duplicates) lie in more than one split: scores on held-out images "
            "are inflated. Prepare the store again.",
            {"groups": crossing},
        )
    ]


def exact_copies(digests: NDArray[np.str_]) -> list[Alarm]:
    """Alarms for byte-identical source files, frame by frame."""
    extra = len(digests) - len(np.unique(digests))
    if not extra:
        return []
    return [
        Alarm(
            "exact_copies",
            "warning",
            f"{extra} files are exact copies of another file. They stay in one split together, but count twice.",
            {"copies": extra},
        )
    ]


def source_split_overlap(
    digests: NDArray[np.str_], source_splits: NDArray[np.str_], splits: NDArray[np.str_]
) -> list[Alarm]:
    """Alarms for images, or near-duplicates of them, that are in two of the source's own split folders."""
    stated = source_splits != ""
    pairs = np.unique(np.stack([digests[stated], source_splits[stated]]), axis=1)
    crossing = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum())
    moved = int((np.isin(source_splits, ("validation", "test")) & (splits != source_splits)).sum())
    if not crossing and not moved:
        return []
    return [
        Alarm(
            "source_split_overlap",
            "warning",
            f"{crossing} distinct images are, byte for byte, in more than one of the source's own split folders, and "
            f"{moved} of its held-out images are the same as, near-duplicates of, or of the same patient as training "
            "images: published scores on that division are inflated. Here those joined the training images they belong "
            "to, from which parts that the source lacks, or that lost nearly all of a class, are filled.",
            {"identical": crossing, "moved": moved},
        )
    ]


def unknown_patients(patients: NDArray[np.str_], groups: NDArray[np.str_]) -> list[Alarm]:
    """Notes that near-duplicate clusters stand in for patients where ids are missing."""
    unknown = patients == ""
    if not unknown.any():
        return []
    sizes = np.unique(groups[unknown], return_counts=True)[1]
    joined, largest = int(sizes[sizes > 1].sum()), int(sizes.max())
    return [
        Alarm(
            "patients_unknown",
            "warning",
            f"{int(unknown.sum())} images have no patient id; near-duplicate clusters stand in for patients ({joined} "
            f"images in clusters of two or more, the largest of {largest}). Different slices of one patient may still "
            "be in two splits. If the file names hold an id, give --patient-pattern.",
            {"images": int(unknown.sum()), "clustered": joined, "largest_cluster": largest},
        )
    ]


def single_class(splits: NDArray[np.str_], labels: NDArray[np.str_]) -> list[Alarm]:
    """Alarms when a store of several classes has a held-out part of one."""
    if len(np.unique(labels)) < 2:
        return []
    parts = [split for split in ("validation", "test") if len(np.unique(labels[splits == split])) < 2]
    return [
        Alarm(
            "single_class_part",
            "danger",
            f"the {part} part holds a single class: accuracy and precision on it mean nothing.",
            {"part": part},
        )
        for part in parts
    ]


def thin_classes(splits: NDArray[np.str_], labels: NDArray[np.str_]) -> list[Alarm]:
    """Warns where a held-out part has so few images of a class that no score on that class means much."""
    names = np.unique(labels)
    counts = {
        (split, label): int(((splits == split) & (labels == label)).sum())
        for split in ("validation", "test")
        for label in names
    }
    thin = [f"{count} {label} in {split}" for (split, label), count in counts.items() if count < FEW_OF_CLASS]
    if len(names) < 2 or not thin:
        return []
    message = f"few held-out images of some classes: {', '.join(thin)}. Scores on those classes are chance."
    return [Alarm("thin_classes", "warning", message, {"parts": thin})]


def few_groups(splits: NDArray[np.str_], groups: NDArray[np.str_]) -> list[Alarm]:
    """Warns where a held-out part is about a few patients or clusters."""
    counts = {part: len(np.unique(groups[splits == part])) for part in ("validation", "test")}
    thin = [f"{count} in {part}" for part, count in counts.items() if count < FEW_GROUPS]
    if not thin:
        return []
    message = (
        f"few independent groups (patients or clusters of near-duplicates) are held out: {', '.join(thin)}. Scores "
        "there are about those few; intervals must be taken over groups."
    )
    return [Alarm("few_groups", "warning", message, {"parts": thin})]


def few_images(splits: NDArray[np.str_]) -> list[Alarm]:
    """Notes a training part so small that a GAN may simply store it."""
    count = int((splits == "train").sum())
    if count >= FEW_IMAGES:
        return []
    return [
        Alarm(
            "few_images",
            "warning",
            f"only {count} training images: a GAN may memorise them, and no metric on so few is reliable.",
            {"images": count},
        )
    ]


def coloured(flags: NDArray[np.str_]) -> list[Alarm]:
    """Notes true-colour pictures that were reduced to grey."""
    count = int((flags == "1").sum())
    if not count:
        return []
    message = f"{count} pictures held true colour (overlays, stains, screenshots?) and were reduced to grey."
    return [Alarm("coloured", "warning", message, {"images": count})]


def quarantined(store: Store) -> list[Alarm]:
    """Notes files that were not taken."""
    reasons = count_quarantined(store)
    if not reasons:
        return []
    count = sum(reasons.values())
    listed = "; ".join(f"{number} x {reason}" for reason, number in list(reasons.items())[:3])
    return [
        Alarm(
            "quarantined",
            "warning",
            f"{count} files were not taken ({listed}{'; ...' if len(reasons) > 3 else ''}): see quarantine.csv.",
            {"files": count},
        )
    ]
