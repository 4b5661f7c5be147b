"""Training: losses and validation AUROC over epochs, and the epoch whose weights are kept."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ganoscope.classifiers.trained import ClassifierRecord
from ganoscope.figures.axes import COLOURS, FAINT, make_figure
from ganoscope.reports.classifier.artefacts import Findings
from ganoscope.reports.kit.chart_files import WIDE_PX, save_chart, show_chart
from ganoscope.reports.kit.content import Chapter, Section
from ganoscope.training.classifier.epochs import Epoch, find_best


def show(findings: Findings) -> Chapter:
    """Returns the learning curves."""
    alt = f"Training and validation loss, and validation AUROC, over {len(findings.epochs)} epochs."
    svg = save_chart(findings.pictures / "training.png", draw_learning_curves, findings.epochs)
    text = describe_training(findings.record, findings.epochs)
    return Chapter("training", "Training", (Section((text,), figures=(show_chart(svg, alt, WIDE_PX),)),))


def describe_training(record: ClassifierRecord, epochs: Sequence[Epoch]) -> str:
    """Returns how training went."""
    best = epochs[find_best(epochs)]
    early = len(epochs) < int(record.config["epochs"])
    end = f"{record.config['patience']} epochs without improvement" if early else "the maximum number of epochs"
    return (
        f"{len(epochs)} epochs, ended by {end}. Validation uses a moving average of the weights. The weights of epoch "
        f"{best.epoch} are kept: the highest validation AUROC ({best.validation_auroc:.3f}), and at equal AUROC the "
        f"lowest loss ({best.validation_loss:.3f})."
    )


def draw_learning_curves(epochs: Sequence[Epoch]) -> Any:
    """Returns a figure of losses and validation AUROC over epochs; the epoch whose weights are kept is marked."""
    figure = make_figure(2.9)
    left, right = figure.subplots(1, 2)
    numbers = [epoch.epoch for epoch in epochs]
    best = epochs[find_best(epochs)]
    left.plot(numbers, [epoch.train_loss for epoch in epochs], color=COLOURS[0], label="training")
    left.plot(numbers, [epoch.validation_loss for epoch in epochs], "--", color=COLOURS[1], label="validation")
    left.set(title="loss (weighted cross-entropy)")
    right.plot(numbers, [epoch.validation_auroc for epoch in epochs], color=COLOURS[1], label="validation")
    right.set(title="AUROC")
    drops = [late.epoch for early, late in pairwise(epochs) if late.learning_rate < early.learning_rate]
    for axes in (left, right):
        axes.axvline(best.epoch, label=f"kept: epoch {best.epoch}", **FAINT)
        for place, epoch in enumerate(drops):
            axes.axvline(epoch - 0.5, color="#98a2b3", linewidth=0.8, label="learning rate falls" if not place else "_")
        axes.set(xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False, fontsize=8.5)
    return figure
