"""Checks of a store, their outcomes, and the chapters of the page that show the evidence."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check, load_alarms, sort_alarms
from ganoscope.data.checks import CHECKS
from ganoscope.data.checks.store_tables import StoreTables
from ganoscope.data.store.sample import FLAGS
from ganoscope.errors import write_count
from ganoscope.reports.kit.alarm_cards import (
    AlarmList,
    Outcome,
    count_by_severity,
    describe_verdict,
    find_title,
    make_card,
)
from ganoscope.reports.store.artefacts import Evidence

CHAPTERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("counts", "Counts"): (
        *("split_crossing", "synthetic_images"),
        *("single_class_split", "thin_classes", "few_groups", "few_images"),
    ),
    ("patients", "Patients"): (
        *(
            "patient_id_conflict",
            "study_of_two_patients",
            "constant_identifier",
            "patients_unknown",
            "uneven_patients",
            "patients_in_several_classes",
        ),
    ),
    ("duplicates", "Duplicates"): ("exact_copies", "near_duplicates", "label_conflicts", "source_split_overlap"),
    ("shortcuts", "Shortcuts without pixels"): ("metadata_shortcut",),
    ("markers", "Burnt-in text and markers"): ("burnt_in_markers",),
    ("unusual", "Unusual pictures"): ("coloured",),
    ("geometry", "Source geometry"): ("mixed_modalities", "unstated_units"),
    ("series", "Series"): ("slice_order", "several_volumes", "missing_slices", "thickness_spacing"),
    ("not_taken", "Files not taken"): ("quarantined",),
}
"""By the chapter (anchor, title) that shows their evidence: codes of alarms."""
CHANCE = 0.5
"""AUC of a fact that says nothing of the class."""
TABLES = {
    "near_duplicates": ("duplicates.csv", "Not looked for: no duplicates.csv."),
    "label_conflicts": ("duplicates.csv", "Not looked for: no duplicates.csv."),
    "slice_order": ("series.csv", "No volumes."),
    "quarantined": ("quarantine.csv", "Not looked for: no quarantine.csv."),
}
"""By code: table of the store that the check needs, and the outcome without it."""
COLUMNS = {
    "patient_id_conflict": ("patient", 1, "no patient id is known"),
    "metadata_shortcut": ("label", 2, "there are not two classes"),
    "burnt_in_markers": ("searched", 1, "no picture is large enough"),
}
"""By code: column of the manifest that the check needs, fewest different values, and what fewer mean."""


def collect_alarms(evidence: Evidence) -> AlarmList:
    """Returns a store's alarms with links to their evidence, and all checks with their outcomes."""
    path = evidence.store.path / "alarms.json"
    if not path.exists():
        return AlarmList((), (), "Nothing was checked: the store has no alarms.json.")
    alarms = sort_alarms(load_alarms(path))
    return AlarmList(
        cards=tuple(
            make_card(alarm, place=find_chapter(alarm.code), title=find_title(alarm, CHECKS)) for alarm in alarms
        ),
        outcomes=tuple(list_outcome(check, alarms, evidence) for check in CHECKS),
        verdict=describe_verdict(alarms),
    )


def find_chapter(code: str) -> tuple[str, str]:
    """Returns (anchor, title) of the chapter that shows the evidence of an alarm; ("", "") where there is none."""
    return next((chapter for chapter, codes in CHAPTERS.items() if code in codes), ("", ""))


def list_outcome(check: Check[StoreTables], alarms: Sequence[Alarm], evidence: Evidence) -> Outcome:
    """Returns the outcome of one check, in words.

    Args:
        check: The check.
        alarms: All alarms of the store.
        evidence: What is shown of the store.
    """
    raised = [alarm for alarm in alarms if check.raises(alarm.code)]
    words = f"{count_by_severity(raised)}." if raised else explain_silence(check.codes[0], evidence)
    anchor, title = find_chapter(check.codes[0])
    looked_for = check.description[:1].upper() + check.description[1:]
    return Outcome(looked_for, words, anchor=anchor, section=title)


def explain_silence(code: str, evidence: Evidence) -> str:
    """Returns why there is no alarm of a code: nothing was wrong, or it could not be looked for."""
    table, without = TABLES.get(code, ("", ""))
    if table and not (evidence.store.path / table).exists():
        return without
    column, least, lacking = COLUMNS.get(code, ("", 0, ""))
    if column and lacks(evidence.columns[column], least, "no" if column in FLAGS else ""):
        return f"Not looked for: {lacking}."
    strong = [one for one in evidence.findings.shortcuts if one.low > CHANCE] if code == "metadata_shortcut" else []
    if strong:
        first = strong[0]
        return (
            f"Above chance, below the limit of an alarm: {write_count(len(strong), 'fact')}, the best {first.name} "
            f"with AUC {first.auc:.2f} ({first.low:.2f} to {first.high:.2f}; {first.images:,} images)."
        )
    return "No alarm."


def lacks(values: NDArray[np.str_], least: int, nothing: str = "") -> bool:
    """Tells whether there are fewer different values than wanted.

    Args:
        values: Shape (N,).
        least: Number of different values wanted.
        nothing: Value that does not count, besides "".

    Example:
        >>> lacks(np.array(["", "a", "no"]), 2), lacks(np.array(["", "a", "no"]), 2, "no")
        (False, True)
    """
    return len(set(values.tolist()) - {"", nothing}) < least
