"""What identifies the store, how it was prepared, and how to cite it."""

from importlib.metadata import version

from ganoscope.data.store import Store
from ganoscope.data.store.contents import find_outlined
from ganoscope.errors import write_count
from ganoscope.reports.kit.content import Table, write_number
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter


def show_store(evidence: Evidence) -> StoreChapter:
    """Returns what identifies the store."""
    return StoreChapter("store", "The store", tables=(list_identity(evidence),))


def show_settings(evidence: Evidence) -> StoreChapter:
    """Returns how the store was prepared, and how to cite it."""
    settings = (list_settings(evidence.store),) if evidence.store.prepared else ()
    missing = () if settings else ("The store has no record of how it was prepared.",)
    sentences = (*missing, describe_citation(evidence.store))
    return StoreChapter("settings", "How it was prepared, and how to cite it", sentences, tables=settings)


def list_identity(evidence: Evidence) -> Table:
    """Returns what identifies the store."""
    store, columns = evidence.store, evidence.columns
    patients = len(set(columns["patient"].tolist()) - {""})
    low, high, unit = store.intensity.low, store.intensity.high, store.intensity.unit
    masks, anatomy = (int(find_outlined(each, store.count).sum()) for each in (store.masks, store.anatomy))
    boxes = int((columns["boxes"] != "").sum())
    rows = (
        ("Name", store.name),
        ("Images", f"{store.count:,}, {store.size} × {store.size} px"),
        ("Classes", f"{len(evidence.classes):,}" if evidence.labelled else "no labels"),
        ("Known patients", f"{patients:,}"),
        ("Modality", store.modality or "unknown"),
        ("Stored values", f"{unit}, {store.intensity.dtype}; {low:g} to {high:g} become -1 to 1"),
        (
            "Annotated findings",
            f"{write_count(masks, 'image')} with masks, {boxes:,} with boxes" if masks or boxes else "none",
        ),
        ("Outlined anatomy", f"{write_count(anatomy, 'image')} with masks" if anatomy else "none"),
        ("Fingerprint (SHA-256)", store.fingerprint),
    )
    return Table("Identity", ("Fact", "Value"), rows, words=True)


def list_settings(store: Store) -> Table:
    """Returns how the store was prepared; settings that were not given are left out."""
    given = {name: value for name, value in store.prepared.items() if value not in (None, "")}
    rows = tuple((name.replace("_", " "), write_number(value)) for name, value in given.items())
    return Table("How the store was prepared", ("Setting", "Value"), rows, words=True)


def describe_citation(store: Store) -> str:
    """Returns a sentence for a methods section that identifies the store beyond doubt."""
    made = store.prepared.get("ganoscope") or version("ganoscope")
    return (
        f"To cite this store: “{store.name}, {store.count:,} images of {store.size} × {store.size} px, prepared with "
        f"ganoscope {made}, fingerprint {store.fingerprint[:16]}…”. The same source and settings give the same "
        "fingerprint. Cite the data set's own publication as well."
    )
