"""Sentences of the inspection page: the window, privacy, citation, and what the checks can't see."""

from importlib.metadata import version

from ganoscope.data.store import Store
from ganoscope.reports.store.evidence import Evidence

LIMITS = (
    "No alarm does not mean no fault: only what is listed under the alarms was looked for.",
    "Patients are what the files, their names or a table say. Where they are unknown, only pictures that look alike "
    "are kept together; two different slices or films of one person may still lie in two splits.",
    "Near-duplicates are found by comparing small copies of the pictures. Cropped, strongly retouched or warped copies "
    "may escape; different persons' smooth or nearly empty pictures may be linked by mistake.",
    "Shortcuts are sought in facts about the files, not in pixels. A scanner's noise, a field of view or a marker can "
    "give the class away as well; a classifier of the borders of the pictures would show it.",
    "Burnt-in text is a hint from the form of bright strokes: pale, dark or very small text escapes. Whether a picture "
    "names a person must be looked at by a person.",
    "Whether the labels are right is not checked, but for duplicates that contradict each other.",
    "The page says nothing about who is in the data: age, sex, origin and scanner are not kept in the store.",
)


def describe_window(evidence: Evidence) -> str:
    """Returns which stored values galleries show black and white."""
    low, high, unit = evidence.shown.low, evidence.shown.high, evidence.store.intensity.unit
    return f"In all galleries, black is {low:g} and below, white is {high:g} and above ({unit})."


def describe_privacy(evidence: Evidence) -> tuple[str, ...]:
    """Returns what a data-protection officer wants to know about a store."""
    if evidence.drawn:
        return ("The images are phantoms: they were drawn, and no person is in them.",)
    patients = len(set(evidence.columns["patient"].tolist()) - {""})
    marked = int((evidence.columns["markers"] != "").sum())
    searched = int((evidence.columns["searched"] == "1").sum())
    letters = f"of {searched:,} images that were searched, {marked:,} seem to hold some"
    return (
        f"The store and this page hold images of persons: {evidence.store.count:,} images of {patients:,} known "
        "patients and of those without an id. Medical images are personal data in many jurisdictions even without a "
        "name; faces can be recognised from CT and MRI of the head.",
        "Patients are named by pseudonyms, files by numbers. Names, birth dates, other dates, UIDs, free text and file "
        "names are not kept in the store. The key that leads back is a separate file, written outside the store: keep "
        "it apart, and do not pass it on.",
        f"Burnt-in letters may name a person ({letters}): look before passing images on.",
        "Class names and the data set's name are shown as the source's folders or tables gave them.",
    )


def describe_citation(store: Store) -> str:
    """Returns a sentence for a methods section, which names the store beyond doubt."""
    made = store.prepared.get("ganoscope") or version("ganoscope")
    return (
        f"To cite this store: “{store.name}, {store.count:,} images of {store.size} × {store.size} px, prepared with "
        f"ganoscope {made}, fingerprint {store.fingerprint[:16]}…”. The same source and settings give the same "
        "fingerprint. Cite the data set's own publication as well."
    )
