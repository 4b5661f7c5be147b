"""The page about a classifier, and the pictures beside it: drawn once, written as PNG and shown in the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganoscope.alarms import Alarm, load_alarms, sort_alarms
from ganoscope.classifiers.trained import ClassifierRecord
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.metrics import PartScores, Predictions
from ganoscope.explanation.answers import HeatMaps
from ganoscope.files import replacing
from ganoscope.reports.classifier import charts, wording
from ganoscope.reports.classifier.galleries import save_gallery
from ganoscope.reports.classifier.linked_alarms import link_alarms, list_outcomes
from ganoscope.reports.kit.alarm_cards import describe_verdict
from ganoscope.reports.kit.content import Section
from ganoscope.reports.kit.pictures import Picture, embed_image, embed_svg
from ganoscope.reports.kit.rendering import render
from ganoscope.training.classifier.epochs import Epoch

PAGE, PICTURES = "classifier.html", "pictures"
WIDE_PX, SQUARE_PX = 1000, 480


@dataclass(frozen=True)
class Findings:
    """Everything that the page shows.

    Attributes:
        record: What the classifier is.
        store: What it learned from.
        predictions: By the name of the part.
        indices: By the name of the part: positions of the images in the store.
        scores: By the name of the part.
        shown: Part whose curves and answers are drawn: the test part, where it can be scored.
        heat: Heat maps of that part.
        epochs: Of its training.
        alarms: About the classifier.
    """

    record: ClassifierRecord
    store: Store
    predictions: Mapping[str, Predictions]
    indices: Mapping[str, NDArray[np.int64]]
    scores: Mapping[str, PartScores]
    shown: str
    heat: HeatMaps
    epochs: Sequence[Epoch]
    alarms: Sequence[Alarm]


@dataclass(frozen=True)
class PagePart:
    """A section of the page: its name in links, its heading, its content, and the points of a list."""

    anchor: str
    title: str
    content: Section
    points: tuple[str, ...] = ()


def save_page(run: Path, findings: Findings) -> Path:
    """Writes the pictures and `classifier.html` into a run folder, and returns the page's path."""
    path = run / PAGE
    parts = make_parts(run / PICTURES, findings)
    of_store = load_alarms(findings.store.path / "alarms.json")
    content: dict[str, Any] = {
        "title": f"{findings.record.network} on {findings.record.store_name}",
        "abstract": wording.describe_abstract(findings.record, findings.scores, findings.shown),
        "date": f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
        "verdict": describe_verdict(sort_alarms([*findings.alarms, *of_store]), []),
        "cards": link_alarms(findings.alarms, of_store),
        "outcomes": list_outcomes(findings.alarms, of_store),
        "parts": parts,
        "shows_real": not all(name.startswith("phantom-") for name in findings.record.sample_ids),
    }
    with replacing(path) as partial:
        partial.write_text(render(content, "classifier/template.html"), encoding="utf-8")
    return path


def make_parts(folder: Path, findings: Findings) -> tuple[PagePart, ...]:
    """Returns all sections; draws the pictures into a folder on the way."""
    record, scores = findings.record, findings.scores
    return (
        PagePart(
            "metrics", "Metrics", Section(wording.describe_metrics(record, scores), (wording.list_metrics(scores),))
        ),
        PagePart("curves", "ROC, precision and recall", show_curves(folder, findings)),
        PagePart("confusion", "Classes and confusion", show_confusion(folder, findings)),
        PagePart("calibration", "Calibration", show_calibration(folder, findings)),
        PagePart("heat_maps", "Heat maps", show_heat_maps(folder, findings)),
        PagePart("training", "Training", show_training(folder, findings)),
        PagePart("data", "Data", Section(wording.describe_data(record), (wording.list_data(findings.store, scores),))),
        PagePart("settings", "Settings and provenance", Section((), (wording.list_settings(record),))),
        PagePart("limits", "Limits", Section(), wording.list_limits(record)),
    )


def show_curves(folder: Path, findings: Findings) -> Section:
    """Returns the ROC curves and those of precision over recall."""
    predictions, scores = findings.predictions[findings.shown], findings.scores[findings.shown]
    drawn = [predictions.classes[code] for code in charts.list_drawn(predictions)]
    if not drawn:
        return Section((f"No curve is defined: every image of the {findings.shown} part is of one class.",))
    values = "; ".join(f"{name}: {charts.write_metric(scores.by_class[name]['auroc'])}" for name in drawn)
    pictures = (
        show_chart(folder / "roc.png", charts.draw_roc, (predictions, scores), f"ROC curves. AUROC {values}."),
        show_chart(
            folder / "precision_recall.png",
            charts.draw_precision_recall,
            (predictions, scores),
            f"Precision over recall for {', '.join(drawn)}.",
        ),
    )
    return Section((wording.describe_curves(findings.record, findings.shown, drawn),), pairs=pictures)


def show_confusion(folder: Path, findings: Findings) -> Section:
    """Returns the metrics of each class, and the confusion matrix."""
    scores = findings.scores[findings.shown]
    alt = f"Confusion matrix of the {findings.shown} part: " + "; ".join(
        f"of {sum(row):,} {name}: " + ", ".join(f"{n:,} as {said}" for n, said in zip(row, scores.counts, strict=True))
        for name, row in zip(scores.counts, scores.confusion.tolist(), strict=True)
    )
    width = min(WIDE_PX, 330 + 105 * len(scores.counts))
    text = (
        f"Of the {findings.shown} part. The matrix has images by class and predicted class, and the share of each row."
    )
    picture = show_chart(folder / "confusion.png", charts.draw_confusion, (scores,), alt, width)
    return Section((text,), (wording.list_class_metrics(scores),), (picture,))


def show_calibration(folder: Path, findings: Findings) -> Section:
    """Returns the reliability diagrams."""
    predictions, scores = findings.predictions[findings.shown], findings.scores[findings.shown]
    alt = f"Accuracy over confidence on the {findings.shown} part, before and after temperature scaling."
    arguments = (predictions, scores)
    picture = show_chart(folder / "reliability.png", charts.draw_reliability, arguments, alt, WIDE_PX)
    return Section(wording.describe_calibration(findings.record, findings.shown), figures=(picture,))


def show_heat_maps(folder: Path, findings: Findings) -> Section:
    """Returns the Grad-CAM galleries, with the checks in words."""
    predictions, indices = findings.predictions[findings.shown], findings.indices[findings.shown]
    pictures = []
    for number, (label, kinds) in enumerate(findings.heat.galleries.items()):
        name = "grad_cam.png" if len(findings.heat.galleries) == 1 else f"grad_cam_{number + 1}.png"
        path = save_gallery(folder / name, findings.store, predictions, indices, findings.heat, label)
        with Image.open(path) as image:
            source = embed_image(image.convert("RGB"))
        alt = f"Grad-CAM for {label}: " + ", ".join(f"{len(rows)} {kind}" for kind, rows in kinds.items())
        caption = f"Class {label}. Left of each pair: the image and its class; right: the map and what was predicted."
        pictures.append(Picture(source, alt, caption, width_px=WIDE_PX))
    return Section(wording.describe_heat_maps(findings.heat, findings.shown), figures=tuple(pictures))


def show_training(folder: Path, findings: Findings) -> Section:
    """Returns the training curves."""
    alt = f"Training and validation loss, and validation AUROC, over {len(findings.epochs)} epochs."
    picture = show_chart(folder / "training.png", charts.draw_curves, (findings.epochs,), alt, WIDE_PX)
    return Section((wording.describe_training(findings.record, findings.epochs),), figures=(picture,))


def show_chart(path: Path, draw: Any, arguments: tuple[Any, ...], alt: str, width_px: int = SQUARE_PX) -> Picture:
    """Returns a chart, which is also written as PNG."""
    return Picture(embed_svg(charts.save_chart(path, draw, *arguments)), alt, "", width_px=width_px)
