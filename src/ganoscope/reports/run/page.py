"""One self-contained HTML file about a run: opens from disk, loads nothing from elsewhere, prints on A4."""

from datetime import datetime
from typing import Any

from ganoscope.reports.kit.rendering import render
from ganoscope.reports.run.alarm_section import list_alarms
from ganoscope.reports.run.artefacts import Sources
from ganoscope.reports.run.sections import (
    audited,
    counterfactuals,
    curves,
    diversity,
    explanations,
    fidelity,
    limits,
    measurements,
    provenance,
    research_use,
    samples,
    training_data,
)
from ganoscope.training.run_folder.trained_run import TrainedRun

CHAPTERS = (
    training_data,
    curves,
    samples,
    fidelity,
    counterfactuals,
    diversity,
    measurements,
    audited,
    explanations,
    provenance,
    limits,
    research_use,
)
"""Files of `sections/`, in the order in which the page shows their chapters."""


def render_page(sources: Sources) -> str:
    """Returns the page about a run as HTML.

    Raises:
        UserError: An artefact is missing or damaged.
    """
    return render(collect_content(sources), "run/template.html")


def collect_content(sources: Sources) -> dict[str, Any]:
    """Returns everything that the template shows: alarms first, then the chapters that apply to the run."""
    record = sources.trained.record
    made = [section.make_chapter(sources) for section in CHAPTERS]
    return {
        "kind": "report",
        "title": f"{record.method} on {record.store_name}",
        "abstract": describe_abstract(sources.trained),
        "alarms": list_alarms(sources),
        "chapters": [chapter for chapter in made if chapter],
        "shows_real": shows_real_images(sources),
    }


def shows_real_images(sources: Sources) -> bool:
    """Tells whether the page shows images of the data set."""
    real = sources.trained.path / "samples" / "real.png"
    return real.exists() or sources.translates or sources.explanations.value is not None


def describe_abstract(run: TrainedRun) -> str:
    """Describes method, data and length of the training in one sentence without a verdict."""
    record = run.record
    trained = len(record.sample_ids)
    passes = run.images_seen / max(trained, 1)
    planned = record.train.images or 0
    early = f" of {planned:,} planned" if run.images_seen < planned else ""
    began = f"{datetime.fromisoformat(record.started):%d %B %Y}"
    kind = (
        f"A translation between {' and '.join(record.domains)}"
        if record.domains
        else "A generative adversarial network"
    )
    return (
        f"{kind} ({record.method}) trained on {trained:,} images of {record.store_name} "
        f"({record.size} × {record.size} px, {record.intensity.unit}), after {run.images_seen:,}{early} images seen "
        f"({passes:,.1f} passes over the training images); training began on {began}."
    )
