"""The inspection page: one self-contained HTML file about a store, alarms first."""

from pathlib import Path
from typing import Any

from ganoscope.data.inspection.inspected import name_data_folder
from ganoscope.data.store import Store
from ganoscope.data.store.splits import SPLITS
from ganoscope.files import replacing
from ganoscope.reports.kit.rendering import render
from ganoscope.reports.store.artefacts import Evidence, read_evidence
from ganoscope.reports.store.chapter import StoreChapter
from ganoscope.reports.store.looked_for import collect_alarms
from ganoscope.reports.store.sections import (
    class_sheets,
    counts,
    duplicates,
    file_geometry,
    images_per_patient,
    intensities,
    limits,
    markers,
    not_taken,
    privacy,
    provenance,
    series,
    shortcuts,
    unusual,
)

CHAPTERS = (
    provenance.show_store,
    class_sheets.show,
    counts.show,
    images_per_patient.show,
    duplicates.show,
    shortcuts.show,
    markers.show,
    file_geometry.show,
    intensities.show,
    unusual.show,
    series.show,
    not_taken.show,
    privacy.show,
    provenance.show_settings,
    limits.show,
)
"""The chapters after the alarms, in order; a chapter without content states so in a sentence."""


def save_inspection(store: Store, path: Path) -> Path:
    """Writes the page about a store from its tables and the findings beside the page, and returns the file's path.

    Args:
        store: The store; nothing in it is changed.
        path: File to write; `<name>_data` beside it holds the findings of `ganoscope inspect`.

    Raises:
        UserError: Findings are missing, damaged, or about another store.
    """
    page = render(collect_content(read_evidence(store, name_data_folder(path))), "store/template.html")
    with replacing(path) as partial:
        partial.write_text(page, encoding="utf-8")
    return path


def collect_content(evidence: Evidence) -> dict[str, Any]:
    """Returns everything that the template shows."""
    chapters: tuple[StoreChapter, ...] = tuple(show(evidence) for show in CHAPTERS)
    return {
        "kind": "inspection",
        "title": evidence.store.name,
        "abstract": describe_abstract(evidence),
        "alarms": collect_alarms(evidence),
        "chapters": chapters,
        "shows_real": not evidence.drawn,
    }


def describe_abstract(evidence: Evidence) -> str:
    """Describes the content of the store in two sentences."""
    store, splits = evidence.store, evidence.columns["split"].tolist()
    kind = f"{store.modality}, {store.intensity.unit}" if store.modality else store.intensity.unit
    few = len(evidence.classes) <= 6
    named = f" ({', '.join(evidence.classes)})" if few else ""
    number = len(evidence.classes)
    classes = "without labels" if not evidence.labelled else f"in {number:,} class{'' if number == 1 else 'es'}{named}"
    divided = ", ".join(f"{splits.count(split):,} {split}" for split in SPLITS)
    return f"{store.count:,} images of {store.size} × {store.size} px ({kind}) {classes}. Divided into {divided}."
