"""Trains, calibrates and evaluates a classifier; rerun the same command to resume."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro

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
    config: tyro.conf.OmitArgPrefixes[ClassifyConfig] = field(default_factory=ClassifyConfig)

    def run(self) -> None:
        """Trains the classifier, and prints its result."""
        record = classify(self.store, self.destination, self.config)
        say(describe_result(record))
        show_alarms(self.destination / "alarms.json")
        say(f"page: {self.destination / 'classifier.html'}")
