"""Patients: ids that are missing, that stand for two persons, or that have very many images or several classes."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import SourceFacts, StoreTables
from ganoscope.data.store.columns import count_divided
from ganoscope.errors import write_count

LARGE_SHARE, LARGE_FACTOR = 0.05, 5
"""A patient with this share of all images, and this many times the median patient's, weighs too much."""


def find_conflicting_ids(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when files under one patient id describe two persons."""
    conflicts = tables.source.patient_conflicts
    if conflicts:
        yield Alarm(
            "patient_id_conflict",
            "warning",
            f"{conflicts} patient ids stand for two persons each, according to the names, birth dates or sexes in "
            "their files. Their images stay together in one split, but numbers per patient are wrong: correct the "
            "ids in the source.",
            {"ids": conflicts},
        )


def find_shared_examinations(tables: StoreTables) -> Iterator[Alarm]:
    """Yields alarms when files under several patient ids are of one study, series or image by their identifiers."""
    found = tables.source.shared_ids
    if found.joined:
        yield Alarm(
            "study_of_two_patients",
            "warning",
            f"{list_ids(found.joined)} under two or more patient ids, though each belongs to one person by the "
            f"standard ({write_count(found.patients, 'patient id')} in all). Their images stay together in one split, "
            "but numbers per patient are wrong: correct the ids in the source; if these are different persons, state "
            "them with --patient-pattern, which then goes before the identifiers.",
            {**found.joined, "patients": found.patients},
        )
    if found.apart:
        yield Alarm(
            "study_of_two_patients",
            "warning",
            f"{list_ids(found.apart)} under two or more of the patients that --patient-pattern states, though each "
            "belongs to one person by the standard. The pattern was followed: if it is wrong, one person is in two "
            "splits. Compare the patients with the headers.",
            {**found.apart, "patients": found.patients},
        )
    if found.constants:
        most = "; ".join(f"{name}: {write_count(count, 'patient')}" for name, count in found.constants.items())
        yield Alarm(
            "constant_identifier",
            "warning",
            f"half or more of the patients bear one and the same identifier, as anonymisers write it ({most}): it was "
            "not used to keep studies together. Where one person has several patient ids, their images may be in two "
            f"splits. {tell_remedy(tables.source)}",
            dict(found.constants),
        )


def list_ids(counts: Mapping[str, int]) -> str:
    """Returns numbers of identifiers in words.

    Example:
        >>> list_ids({"StudyInstanceUID": 2, "AccessionNumber": 1})
        '2 StudyInstanceUIDs and 1 AccessionNumber are'
    """
    words = [write_count(count, name) for name, count in counts.items()]
    verb = "is" if sum(counts.values()) == 1 else "are"
    return f"{' and '.join(filter(None, [', '.join(words[:-1]), words[-1]]))} {verb}"


def tell_remedy(source: SourceFacts) -> str:
    """Returns how to state who the patients are, in the words of the options."""
    levels = source.patient_levels
    folders = "--levels where folders are patients, " if levels is None else ""
    if levels:
        folders = f"{' or '.join(f'--levels {stated}' for stated in levels)} where those folders are patients, "
    return (
        f"State who the patients are: {folders}--patient-pattern for ids in file names or folders, or a manifest.csv "
        "with a column patient."
    )


def find_shared_id(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when the headers of all files bear one patient id."""
    if images := tables.source.shared_id_images:
        yield Alarm(
            "patient_id_shared",
            "danger",
            f"the headers of all files ({write_count(images, 'image')}) bear one and the same patient id, as "
            f"anonymisers write it: it was not used, so that images of one patient may be in two splits. "
            f"{tell_remedy(tables.source)} If it is a single person, results on these images say nothing about others.",
            {"images": images},
        )


def find_placeholder_ids(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when patient ids can't be those of persons, or are UIDs of a study."""
    if images := tables.source.placeholder_images:
        yield Alarm(
            "patient_id_placeholder",
            "warning",
            f"{write_count(images, 'image bears', 'images bear')} a patient id that can't be a person's (such as "
            f"ANONYMIZED, Unknown or 0): it was not used, and their patients count as unknown. "
            f"{tell_remedy(tables.source)}",
            {"images": images},
        )
    if images := tables.source.uid_images:
        yield Alarm(
            "patient_id_uid",
            "warning",
            f"{write_count(images, 'image bears', 'images bear')} the UID of a study, series or image as patient id: a "
            f"person with several studies counts as several patients, who may be in two splits. "
            f"{tell_remedy(tables.source)}",
            {"images": images},
        )


def find_unmatched_pattern(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when the user's pattern for patient ids found nothing in some images."""
    matched, missed = tables.source.matched_images, tables.source.unmatched_images
    if missed:
        yield Alarm(
            "patient_pattern_missed",
            "warning",
            f"--patient-pattern matched {matched:,} of {matched + missed:,} images. It is compared with the file name, "
            "the path below SOURCE and the patient id of the source; images that it does not match keep the id of "
            "their folder, table or header, or have none. Correct the pattern.",
            {"matched": matched, "missed": missed},
        )


def find_unknown_patients(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when volumes and near-duplicate clusters stand in for patients because ids are missing."""
    unknown = tables.columns["patient"] == ""
    if not unknown.any():
        return
    sizes = np.unique(tables.groups[unknown], return_counts=True)[1]
    joined, largest = int(sizes[sizes > 1].sum()), int(sizes.max())
    yield Alarm(
        "patients_unknown",
        "warning",
        f"{write_count(int(unknown.sum()), 'image has', 'images have')} no patient id; volumes and near-duplicate "
        f"clusters stand in for patients ({write_count(joined, 'image')} in groups of two or more, the largest of "
        f"{largest}). Different slices of one patient may still be in two splits. If the file names contain an id, "
        "give --patient-pattern.",
        {"images": int(unknown.sum()), "clustered": joined, "largest_cluster": largest},
    )


def find_uneven_patients(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when one patient has so many images that results are largely about that person."""
    patients: NDArray[np.str_] = tables.columns["patient"]
    counts = np.unique(patients[patients != ""], return_counts=True)[1]
    if not len(counts):
        return
    largest, median = int(counts.max()), float(np.median(counts))
    if largest >= LARGE_SHARE * len(patients) and largest >= LARGE_FACTOR * median:
        yield Alarm(
            "uneven_patients",
            "warning",
            f"images are spread unevenly over patients: one patient has {largest} of {len(patients):,} images, the "
            f"median patient {median:g}. Weight results by patient, or use fewer images of such patients.",
            {"largest": largest, "median": median},
        )


def find_patients_in_several_classes(tables: StoreTables) -> Iterator[Alarm]:
    """Yields a note when patients have images in more than one class."""
    known = tables.columns["patient"] != ""
    several = count_divided(tables.columns["patient"][known], tables.columns["label"][known])
    if several:
        yield Alarm(
            "patients_in_several_classes",
            "note",
            f"{write_count(several, 'patient has', 'patients have')} images in more than one class. Each stays in "
            "one split; unpaired domains share these patients, so that anatomy can be matched by person.",
            {"patients": several},
        )


CHECKS = (
    Check(("patient_id_conflict",), "two persons under one patient id", find_conflicting_ids, rank=30),
    Check(
        ("study_of_two_patients", "constant_identifier"),
        "studies, series and images under two patient ids",
        find_shared_examinations,
        rank=31,
        titles=("studies, series and images under two patient ids", "one identifier in the headers of most patients"),
    ),
    Check(("patient_id_shared",), "one patient id in the headers of all files", find_shared_id, rank=25),
    Check(
        ("patient_id_placeholder", "patient_id_uid"),
        "patient ids that can't be a person's",
        find_placeholder_ids,
        rank=35,
        titles=("patient ids that can't be a person's", "identifiers of a study as patient ids"),
    ),
    Check(("patient_pattern_missed",), "images that --patient-pattern does not match", find_unmatched_pattern, rank=36),
    Check(("patients_unknown",), "images without a patient id", find_unknown_patients, rank=80),
    Check(
        ("uneven_patients",),
        "patients with very many images",
        find_uneven_patients,
        f"{LARGE_SHARE:.0%} of all images and {LARGE_FACTOR} times the median patient's, or more",
        rank=90,
    ),
    Check(("patients_in_several_classes",), "patients in several classes", find_patients_in_several_classes, rank=100),
)
