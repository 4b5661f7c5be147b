"""The inspection page: one self-contained HTML file about a store, alarms first."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ganoscope.data.store import Store
from ganoscope.data.store.splits import SPLITS
from ganoscope.files import replacing
from ganoscope.progress import timed
from ganoscope.reports.kit.rendering import render
from ganoscope.reports.store.evidence import Evidence, read_evidence
from ganoscope.reports.store.linked_alarms import collect_alarms
from ganoscope.reports.store.parts import make_parts


def save_inspection(store: Store, path: Path, seed: int = 0) -> Path:
    """Writes the page about a store, and returns the file's path.

    Args:
        store: The store; nothing in it is changed.
        path: File to write.
        seed: Of everything that is chosen by chance: the same seed gives the same choice.
    """
    with timed("inspection page"):
        page = render(collect_content(read_evidence(store, seed), seed), "store/template.html")
        with replacing(path) as partial:
            partial.write_text(page, encoding="utf-8")
    return path


def collect_content(evidence: Evidence, seed: int) -> dict[str, Any]:
    """Returns everything that the template shows."""
    parts = make_parts(evidence, seed)
    return {
        "title": evidence.store.name,
        "abstract": describe_abstract(evidence),
        "date": f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
        "alarms": collect_alarms(evidence),
        "contents": [("alarms", "Alarms"), *((part.anchor, part.title) for part in parts)],
        "parts": parts,
        "shows_real": not evidence.drawn,
    }


def describe_abstract(evidence: Evidence) -> str:
    """Returns what the store holds, in two sentences."""
    store, splits = evidence.store, evidence.columns["split"].tolist()
    kind = f"{store.modality}, {store.intensity.unit}" if store.modality else store.intensity.unit
    few = len(evidence.classes) <= 6
    named = f" ({', '.join(evidence.classes)})" if few else ""
    number = len(evidence.classes)
    classes = "without labels" if not evidence.labelled else f"in {number:,} class{'' if number == 1 else 'es'}{named}"
    divided = ", ".join(f"{splits.count(split):,} {split}" for split in SPLITS)
    return f"{store.count:,} images of {store.size} × {store.size} px ({kind}) {classes}. Divided into {divided}."
