"""Trains a classifier on a store, calibrates and evaluates it; the same command again resumes it."""

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
    """Trains a classifier on a store's train part, and measures it on the test part. The same command again resumes.

    RUN then holds classifier.json and classifier.safetensors, metrics.json, predictions.csv, pictures, and
    classifier.html.
    """

    store: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]
    """Folder of the store."""
    destination: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Folder of the run: made anew, or one to go on with."""
    config: tyro.conf.OmitArgPrefixes[ClassifyConfig] = field(default_factory=ClassifyConfig)

    def run(self) -> None:
        """Trains, and says what the classifier is worth."""
        record = classify(self.store, self.destination, self.config)
        say(describe_result(record))
        show_alarms(self.destination / "alarms.json")
        say(f"page: {self.destination / 'classifier.html'}")
