"""Limits: what the checks of a store can't see."""

from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter

LIMITS = (
    "No alarm does not mean no fault: only what is listed under the alarms was checked.",
    "Patients are known from the files, their names or a table. Where they are unknown, only pictures that look alike "
    "are kept together; two different slices or films of one person may still lie in two splits.",
    "Near-duplicates are found by comparing small copies of the pictures. Cropped, strongly retouched or warped "
    "copies may be missed; smooth or nearly empty pictures of different persons may be linked by mistake.",
    "Shortcuts are looked for in facts about the files, not in pixels. A scanner's noise, a field of view or a "
    "marker can "
    "give the class away as well; a classifier of the borders of the pictures would show it.",
    "Burnt-in text is inferred from the shape of bright strokes: pale, dark or very small text is missed. Only a "
    "person who looks at a picture can decide whether it names someone.",
    "Whether the labels are right is not checked, except for duplicates that contradict each other.",
    "The page does not describe who is in the data: age, sex, origin and scanner are not kept in the store.",
)


def show(evidence: Evidence) -> StoreChapter:
    """Returns what the checks can't see; it is the same for every store."""
    return StoreChapter("limits", "Limits of these checks", points=LIMITS)
