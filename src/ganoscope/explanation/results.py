"""Files of an explanation: maps, tables, figures, and their provenance."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ganoscope.alarms import Alarm, save_alarms
from ganoscope.data.store import Store
from ganoscope.explanation.checks.deletion import FRACTIONS
from ganoscope.explanation.config import ExplainConfig
from ganoscope.explanation.drawing.map_panels import make_panel, make_strip, save_overlays
from ganoscope.explanation.drawing.map_statistics import chart_curves, chart_randomisation, chart_regions
from ganoscope.explanation.evidence import Answer, Evidence
from ganoscope.explanation.findings import Findings, MeanCurvesByTarget, to_plain
from ganoscope.explanation.regions import REGIONS
from ganoscope.explanation.targets import TARGETS
from ganoscope.files import compute_sha256
from ganoscope.files.tables import save_csv
from ganoscope.training.run_folder.checkpoint import FILES
from ganoscope.training.run_folder.record import list_versions
from ganoscope.training.run_folder.trained_run import TrainedRun, find_checkpoint

SCHEMA_VERSION = 1
CURVE_COLUMNS = ("target", "set", "kind", "order", "share_changed", "score", "low", "high", "images")


def save_data(folder: Path, answer: Answer, curves: MeanCurvesByTarget, alarms: list[Alarm], summary: str) -> None:
    """Writes the raw maps, the tables of images and of curves, the alarms and the summary.

    Args:
        folder: Where to write.
        answer: All evidence.
        curves: Mean deletion and insertion curves.
        alarms: What the checks found.
        summary: The findings in sentences.
    """
    arrays = {f"{one.subjects.name}_{target}": one.maps[target] for one in answer.sets for target in TARGETS}
    names = {f"{one.subjects.name}_ids": np.array(one.subjects.ids) for one in answer.sets}
    np.savez_compressed(folder / "maps.npz", **arrays, **names)  # type: ignore[arg-type]
    rows = [row for one in answer.sets for row in make_rows(one)]
    save_csv(folder / "explanations.csv", rows[0], rows)
    save_csv(folder / "curves.csv", CURVE_COLUMNS, make_curve_rows(curves))
    save_alarms(folder / "alarms.json", alarms)
    (folder / "summary.txt").write_text(summary, encoding="utf-8")


def make_rows(one: Evidence) -> Iterator[dict[str, object]]:
    """Yields a table row per image: scores, and for each target the map's maximum, mean and shares by region."""
    for index, name in enumerate(one.subjects.ids):
        row: dict[str, object] = {
            "set": one.subjects.name,
            "sample_id": name,
            "split": one.subjects.splits[index],
            "group": one.subjects.groups[index],
            "logit": round(float(one.logits[index]), 6),
            "probability": "" if one.relative else round(float(one.probability[index]), 6),
        }
        for target, maps in one.maps.items():
            attention, empty = one.attention[target], bool(one.is_empty(target)[index])
            row |= {f"{target}_max": float(maps[index].max()), f"{target}_mean": float(maps[index].mean())}
            row |= {f"{target}_empty": empty}
            for code, region in enumerate(REGIONS):
                row[f"{target}_{region}"] = "" if empty else round(float(attention.shares[index, code]), 6)
                row[f"area_{region}"] = round(float(attention.areas[index, code]), 6)
        yield row


def make_curve_rows(curves: MeanCurvesByTarget) -> Iterator[dict[str, object]]:
    """Yields a table row per point of the deletion and insertion curves; no number where every map is empty."""
    for target, sets in curves.items():
        for name, pair in sets.items():
            for curve in pair:
                for order, points in (("map", curve.by_map), ("random", curve.by_chance)):
                    for fraction, point in zip(FRACTIONS, points, strict=True):
                        place = (target, name, curve.kind, order, round(float(fraction), 3))
                        known = (point.value, point.low, point.high) if point.n else ("", "", "")
                        yield dict(zip(CURVE_COLUMNS, (*place, *known, point.n), strict=True))


def save_figures(
    folder: Path, answer: Answer, findings: Findings, curves: MeanCurvesByTarget, more: Mapping[str, Figure]
) -> None:
    """Writes all figures and overlays as PNG.

    Args:
        folder: Where to write.
        answer: All evidence.
        findings: Its statistics.
        curves: Mean deletion and insertion curves.
        more: Further figures by name.
    """
    save_overlays(folder / "overlays", answer)
    figures = {
        "real_and_generated": make_panel(answer),
        "randomisation": chart_randomisation(findings),
        "regions": chart_regions(findings),
        "deletion_insertion": chart_curves(curves, findings),
        **{f"randomisation_{target}": make_strip(answer, target) for target in TARGETS},
        **more,
    }
    (folder / "figures").mkdir()
    for name, figure in figures.items():
        figure.savefig(folder / "figures" / f"{name}.png", metadata={"Software": "ganoscope"})


def describe_origin(run: TrainedRun, store: Store, config: ExplainConfig) -> dict[str, Any]:
    """Returns the provenance of the results, which makes them repeatable; no paths, which may name a person.

    Args:
        run: The explained run.
        store: Store with the real images.
        config: What to explain, and how.
    """
    checkpoint = find_checkpoint(run.path, run.images_seen)
    return {
        "run": run.path.resolve().name,
        "method": run.record.method,
        "images_seen": run.images_seen,
        "discriminator_sha256": compute_sha256(checkpoint / FILES[0]),
        "generator_sha256": run.weights_sha256,
        "store_name": store.name,
        "store_fingerprint": store.fingerprint,
        "store_is_the_runs_own": store.fingerprint == run.record.store_fingerprint,
        "config": asdict(config),
        "versions": list_versions(),
    }


def compose_results(origin: dict[str, Any], answer: Answer, findings: Findings, alarms: list[Alarm]) -> dict[str, Any]:
    """Returns the content of `results.json`.

    Args:
        origin: From `describe_origin`.
        answer: All evidence.
        findings: Its statistics.
        alarms: What the checks found.
    """
    real, generated = answer.sets
    return {
        "schema_version": SCHEMA_VERSION,
        **origin,
        "explainer": origin["config"]["explainer"],
        "layer": real.layer,
        "cell_px": answer.cell_px,
        "targets": {"why_real": "+logit", "why_generated": "-logit"},
        "images": {
            "real": len(real.logits),
            "real_by_split": {split: real.subjects.splits.count(split) for split in sorted(set(real.subjects.splits))},
            "generated": len(generated.logits),
            "checked_per_set": {one.subjects.name: one.checked for one in answer.sets},
        },
        "interval": "95% percentile bootstrap, 2,000 resamples; over the manifest's groups for real images",
        "findings": to_plain(findings),
        "alarms": [alarm.code for alarm in alarms],
    }
