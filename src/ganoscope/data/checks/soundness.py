"""Alarms of a store: what its manifest, its pairs of duplicates and its series show to be wrong or misleading."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm
from ganoscope.data.checks.picture_alarms import find_alarms_of_pictures
from ganoscope.data.store import Store
from ganoscope.data.store.columns import Pairs, count_divided, number, read_columns, read_keys, read_pairs, read_table
from ganoscope.data.store.summary import count_quarantined
from ganoscope.files import read_csv

FEW_IMAGES = 200
"""Below this many training images a GAN is likely to memorise them; a note says so."""
FEW_OF_CLASS = 10
"""Below this many held-out images of a class, scores on it say little."""
FEW_GROUPS = 5
"""Below this many independent groups in a held-out part, its scores are about a few persons."""
LARGE_SHARE, LARGE_FACTOR = 0.05, 5
"""A patient who has this share of all images, and this many times the median patient's, weighs too much."""


def find_alarms(store: Store, patient_conflicts: int = 0, synthetic: int = 0) -> list[Alarm]:
    """Returns every alarm that a store's tables show.

    Args:
        store: A store whose tables are complete.
        patient_conflicts: Patient ids under which the source had two persons; only `prepare` can know.
        synthetic: Images whose files say that they were generated; likewise.
    """
    belonging, pictures = find_alarms_of_belonging(store, patient_conflicts), find_alarms_of_pictures(store)
    return [*generated(synthetic, store.count), *belonging, *pictures, *quarantined(store)]


def find_alarms_of_belonging(store: Store, patient_conflicts: int) -> list[Alarm]:
    """Returns the alarms about copies, patients, classes and splits."""
    names = ("split", "group", "label", "patient", "source_split", "series")
    columns = read_columns(store, only=names)
    splits, group_names, labels, patients, source_splits, series = (columns[name] for name in names)
    persons_or_series, groups = np.where(patients != "", patients, series), number(group_names)
    ids, contents = read_keys(store)
    pairs = read_pairs(store.path / "duplicates.csv", ids)
    return [
        *split_crossing(splits, groups),
        *shared_ids(patient_conflicts),
        *label_conflicts(pairs, labels),
        *exact_copies(contents),
        *near_duplicates(pairs, persons_or_series),
        *source_split_overlap(contents, source_splits, splits),
        *unknown_patients(patients, groups),
        *uneven_patients(patients),
        *patients_in_several_classes(patients, labels),
        *series_problems(read_table(store.path / "series.csv")),
        *single_class(splits, labels),
        *thin_classes(splits, labels),
        *few_groups(splits, labels, groups),
        *few_images(splits),
    ]


def shared_ids(conflicts: int) -> list[Alarm]:
    """Alarms when files under one patient id tell of two persons."""
    if not conflicts:
        return []
    message = (
        f"{conflicts} patient ids stand for two persons each, by the names, birth dates or sexes in their files. Their "
        "images stay together in one split, but numbers per patient are wrong: mend the ids in the source."
    )
    return [Alarm("patient_id_conflict", "warning", message, {"ids": conflicts})]


def generated(synthetic: int, count: int) -> list[Alarm]:
    """Warns of images that a generative model has made."""
    if not synthetic:
        return []
    message = (
        f"{synthetic:,} of {count:,} images were generated, by what their files say: they are no evidence about "
        "patients. Keep them out of whatever is validated, tested or taken for real, and say so wherever they are used."
    )
    return [Alarm("synthetic_images", "warning", message, {"images": synthetic})]


def label_conflicts(pairs: Pairs, labels: NDArray[np.str_]) -> list[Alarm]:
    """Alarms when the same or nearly the same picture has two labels; having none is no label."""
    first, second = labels[pairs.first], labels[pairs.second]
    differ = (first != second) & (first != "") & (second != "")
    conflicts = int(differ.sum())
    if not conflicts:
        return []
    exact = count_relations(pairs, differ)["exact copy"]
    message = (
        f"duplicates with different labels: {conflicts} pair(s), {exact} of them exact copies. At least one "
        "label of each pair is wrong, or neighbouring slices of one patient were labelled apart. See duplicates.csv."
    )
    return [Alarm("label_conflicts", "warning", message, {"pairs": conflicts, "exact": exact})]


def count_relations(pairs: Pairs, chosen: NDArray[np.bool_]) -> Counter[str]:
    """Returns how many of the chosen pairs there are of each relation."""
    counts = np.bincount(pairs.relation[chosen], minlength=len(pairs.relations)).tolist()
    return Counter({name: count for name, count in zip(pairs.relations, counts, strict=True) if count})


def near_duplicates(pairs: Pairs, origins: NDArray[np.str_]) -> list[Alarm]:
    """Warns of pictures that are nearly the same, also turned or mirrored.

    Copies by bytes have an alarm of their own; pictures of one known origin (a patient or a volume) may well be alike.
    """
    first = origins[pairs.first]
    relations = count_relations(pairs, (first == "") | (first != origins[pairs.second]))
    del relations["exact copy"]
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
    several = count_divided(patients[known], labels[known])
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


def split_crossing(splits: NDArray[np.str_], groups: NDArray[np.int64]) -> list[Alarm]:
    """Alarms when a patient or near-duplicate cluster is in two splits."""
    crossing = count_divided(groups, splits)
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


def exact_copies(contents: NDArray[np.int64]) -> list[Alarm]:
    """Alarms for byte-identical source files, frame by frame."""
    extra = len(contents) - len(np.unique(contents))
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
    contents: NDArray[np.int64], source_splits: NDArray[np.str_], splits: NDArray[np.str_]
) -> list[Alarm]:
    """Alarms for images, or near-duplicates of them, that are in two of the source's own split folders."""
    stated = source_splits != ""
    crossing = count_divided(contents[stated], source_splits[stated])
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


def unknown_patients(patients: NDArray[np.str_], groups: NDArray[np.int64]) -> list[Alarm]:
    """Warns that volumes and near-duplicate clusters stand in for patients where ids are missing."""
    unknown = patients == ""
    if not unknown.any():
        return []
    sizes = np.unique(groups[unknown], return_counts=True)[1]
    joined, largest = int(sizes[sizes > 1].sum()), int(sizes.max())
    return [
        Alarm(
            "patients_unknown",
            "warning",
            f"{int(unknown.sum())} images have no patient id; volumes and near-duplicate clusters stand in for "
            f"patients ({joined} images in groups of two or more, the largest of {largest}). Different slices of one "
            "patient may still be in two splits. If the file names hold an id, give --patient-pattern.",
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


def few_groups(splits: NDArray[np.str_], labels: NDArray[np.str_], groups: NDArray[np.int64]) -> list[Alarm]:
    """Warns where a held-out part, or a class of it with images enough, is about a few patients or clusters."""
    several, thin = len(np.unique(labels[labels != ""])) > 1, []
    for part in ("validation", "test"):
        inside = splits == part
        if (count := len(np.unique(groups[inside]))) < FEW_GROUPS:
            thin.append(f"{count} in {part}")
        elif several:
            counts = count_groups_of_classes(labels[inside], groups[inside])
            thin += [f"{count} of {name} in {part}" for name, count in counts.items() if count < FEW_GROUPS]
    if not thin:
        return []
    message = (
        f"few independent groups (patients, volumes or clusters of near-duplicates) are held out: {', '.join(thin)}. "
        "Scores there are about those few; intervals must be taken over groups."
    )
    return [Alarm("few_groups", "warning", message, {"parts": thin})]


def count_groups_of_classes(labels: NDArray[np.str_], groups: NDArray[np.int64]) -> dict[str, int]:
    """Returns the number of groups of each class with images enough: of the others `thin_classes` warns."""
    names, images = np.unique(labels[labels != ""], return_counts=True)
    return {str(name): len(np.unique(groups[labels == name])) for name in names[images >= FEW_OF_CLASS]}


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


def quarantined(store: Store) -> list[Alarm]:
    """Notes files that were not taken."""
    reasons = count_quarantined(store)
    if not reasons:
        return []
    files = len({row["source"] for row in read_csv(store.path / "quarantine.csv")})
    whole = "" if files == sum(reasons.values()) else ", or not all of their pictures"
    listed = "; ".join(f"{number} x {reason}" for reason, number in list(reasons.items())[:3])
    return [
        Alarm(
            "quarantined",
            "warning",
            f"{files} files were not taken{whole} ({listed}{'; ...' if len(reasons) > 3 else ''}): see quarantine.csv.",
            {"files": files},
        )
    ]
