"""One self-contained HTML file about a run: opens from disk, loads nothing from elsewhere, prints on A4."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.fidelity import diversity
from ganoscope.progress import timed
from ganoscope.reports.kit.content import Part
from ganoscope.reports.run.alarms import collect_alarms
from ganoscope.reports.run.counterfactuals import load_counterfactuals
from ganoscope.reports.run.explanations import load_explanations
from ganoscope.reports.run.limits import list_limits
from ganoscope.reports.run.sections import (
    describe_abstract,
    describe_curves,
    describe_data,
    describe_diversity,
    describe_generated,
    describe_model,
    describe_provenance,
    describe_samples,
    open_store,
)
from ganoscope.training.run_folder.trained_run import TrainedRun


@dataclass(frozen=True)
class ReportConfig:
    """What to put into a report."""

    explanations: Path | None = None
    """Folder written by `ganoscope explain`; RUN/explanations where it exists."""
    counterfactuals: Path | None = None
    """Folder written by `ganoscope counterfactual`; RUN/counterfactuals where it exists."""
    generated: Path | None = None
    """Folder written by `ganoscope generate`; its contact sheet is shown."""
    number: int = 200
    """Images per set for the diversity measurement, at most."""
    seed: int = 0
    """Of the diversity measurement."""


def collect_content(trained: TrainedRun, config: ReportConfig) -> dict[str, Any]:
    """Returns everything that the template shows, section by section."""
    store = open_store(trained.record)
    explanations = load_explanations(trained.path, config.explanations, trained.weights_sha256)
    counterfactuals = load_counterfactuals(trained.path, config.counterfactuals, trained.weights_sha256)
    measured = load_diversity(trained, store, config)
    return {
        "translates": bool(trained.record.domains),
        "run_name": trained.path.resolve().name,
        "title": f"{trained.record.method} on {trained.record.store_name}",
        "abstract": describe_abstract(trained),
        "date": f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
        "alarms": collect_alarms(trained, store, measured, explanations, counterfactuals),
        "data": describe_data(trained.record, store),
        "model": describe_model(trained.record),
        "curves": describe_curves(trained),
        "samples": describe_samples(trained),
        "generated": describe_generated(config.generated),
        "diversity": describe_diversity(measured),
        "explanations": explanations,
        "counterfactuals": counterfactuals,
        "provenance": describe_provenance(trained),
        "shows_real": bool(
            (trained.path / "samples" / "real.png").exists() or trained.record.domains or explanations.value
        ),
        "limits": list_limits(explanations, measured, bool(trained.record.domains)),
    }


def load_diversity(trained: TrainedRun, store: Part[Store], config: ReportConfig) -> Part[diversity.Diversity]:
    """Returns the run's diversity: from an earlier report where it still holds, else measured now and kept."""
    if trained.record.domains:
        return Part(missing="A translation's images vary as those that it is given: diversity is not measured.")
    path = trained.path / "evaluation" / "diversity.json"
    wanted = (trained.weights_sha256, trained.record.store_fingerprint, config.number, config.seed)
    if path.exists():
        try:
            kept = diversity.load(path)
        except UserError:
            path.unlink()  # a cache: made anew below
        else:
            if (kept.weights_sha256, kept.store_fingerprint, kept.number, kept.seed) == wanted:
                return Part(kept)
    if store.value is None:
        return Part(missing=f"Diversity was not measured, as it needs the real images. {store.missing}")
    with timed("measuring diversity"):
        measured = diversity.measure_diversity(trained, store.value, config.number, config.seed)
    diversity.save(path, measured)
    return Part(measured)
