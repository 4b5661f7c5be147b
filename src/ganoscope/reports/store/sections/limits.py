"""Limits: what the checks of a store can't see."""

from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter

LIMITS = (
    "No alarm does not mean no fault: only the subjects listed under the alarms were looked for.",
    "Patients are known from the files, their names or a table. Where they are unknown, only pictures that look alike "
    "are kept together; two different slices or films of one person may still lie in two splits.",
    "Near-duplicates are found by comparing small copies of the pictures. Cropped, strongly retouched or warped copies "
    "may escape; different persons' smooth or nearly empty pictures may be linked by mistake.",
    "Shortcuts are sought in facts about the files, not in pixels. A scanner's noise, a field of view or a marker can "
    "give the class away as well; a classifier of the borders of the pictures would show it.",
    "Burnt-in text is a hint from the form of bright strokes: pale, dark or very small text escapes. Whether a picture "
    "names a person must be decided by a person who looks at it.",
    "Whether the labels are right is not checked, except for duplicates that contradict each other.",
    "The page says nothing about who is in the data: age, sex, origin and scanner are not kept in the store.",
)


def show(evidence: Evidence) -> StoreChapter:
    """Returns what the checks can't see; it is the same for every store."""
    return StoreChapter("limits", "Limits of these checks", points=LIMITS)
