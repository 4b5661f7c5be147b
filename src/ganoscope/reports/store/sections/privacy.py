"""Privacy: what a data-protection officer needs to know about a store."""

from ganoscope.errors import write_count
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter


def show(evidence: Evidence) -> StoreChapter:
    """Returns what a data-protection officer needs to know about a store."""
    return StoreChapter("privacy", "Privacy", points=describe_privacy(evidence))


def describe_privacy(evidence: Evidence) -> tuple[str, ...]:
    """Returns sentences on what the store and the page reveal about persons."""
    if evidence.drawn:
        return ("The images are phantoms: they were drawn by a program and show no person.",)
    patients = len(set(evidence.columns["patient"].tolist()) - {""})
    marked = int((evidence.columns["markers"] != "").sum())
    searched = int((evidence.columns["searched"] == "yes").sum())
    letters = f"of {write_count(searched, 'image')} searched, {write_count(marked, 'seems', 'seem')} to contain some"
    return (
        f"The store and this page hold images of persons: {evidence.store.count:,} images of "
        f"{write_count(patients, 'known patient')} and of those without an id. Medical images are personal data in "
        "many jurisdictions even without a name; faces can be recognised from CT and MRI of the head.",
        "Patients are named by pseudonyms, files by numbers. Names, birth dates, other dates, UIDs, free text and file "
        "names are not kept in the store. The key that leads back is a separate file, written outside the store: keep "
        "it apart, and do not pass it on.",
        f"Burnt-in letters may name a person ({letters}): look before passing images on.",
        "Class names and the data set's name are shown as given in the source's folders or tables.",
    )
