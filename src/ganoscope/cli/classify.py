"""Trains, calibrates and evaluates a classifier, or measures a trained one; rerun the same command to resume."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

from ganoscope.reports.classifier.external_page import EXTERNAL_PAGE
from ganoscope.reports.classifier.page import PAGE
from ganoscope.reports.classifier.sections.scores import describe_result
from ganoscope.reports.terminal import say, show_alarms
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.workflows.classify import classify


@dataclass
class Command:
    """Trains a classifier on a store's train split and evaluates it on the test split. Rerun the command to resume.

    Writes to RUN: classifier.json, classifier.safetensors, metrics.json, predictions.csv, heat_maps.npz, pictures and
    classifier.html.
    """

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the store."""
    destination: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run: a new one, or one to resume."""
    classifier: Path | None = None
    """Trained classifier to measure on the test split of STORE, as for external validation: none is trained, and RUN
    gets the results, external.html among them."""
    config: tyro.conf.OmitArgPrefixes[ClassifyConfig] = field(default_factory=ClassifyConfig)

    def run(self) -> None:
        """Trains the classifier, and prints its result."""
        record = classify(self.store, self.destination, self.config, self.classifier)
        say(describe_result(record))
        show_alarms(self.destination / "alarms.json")
        say(f"page: {self.destination / (EXTERNAL_PAGE if self.classifier else PAGE)}")
