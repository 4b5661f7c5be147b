"""Training curves: losses by phase, and how the discriminator scores real and generated images."""

import numpy as np

from ganoscope.errors import UserError
from ganoscope.reports.kit.content import Chapter, Section
from ganoscope.reports.kit.pictures import Picture, embed_svg
from ganoscope.reports.run import curve_charts as charts
from ganoscope.reports.run.artefacts import Sources
from ganoscope.training.run_folder.history import load_history
from ganoscope.training.run_folder.trained_run import TrainedRun


def make_chapter(sources: Sources) -> Chapter:
    """Returns the chapter on training curves."""
    return Chapter("curves", "Training curves", (describe_curves(sources.trained),))


def describe_curves(run: TrainedRun) -> Section:
    """Returns the training curves."""
    try:
        history = load_history(run.path)
    except UserError:
        history = {}
    if not history:
        return Section(("The run has no history: there are no curves to show.",))
    averaged = describe_averaging(history)
    pictures = []
    if charts.group_terms(history):
        caption = f"Loss terms by phase. {averaged}The vertical axis covers the middle 99% of all steps."
        pictures.append(Picture(embed_svg(charts.draw_losses(history)), "Loss terms over images seen", caption))
    if charts.list_probabilities(history):
        pictures.append(show_scores(history, bool(run.record.domains), averaged))
    return Section((describe_pace(history, len(run.record.sessions)),), figures=tuple(pictures))


def describe_averaging(history: charts.History) -> str:
    """Explains the faint and the strong lines."""
    steps = len(history["images"])
    window = charts.choose_window(steps)
    if window == 1:
        return "Every step is shown. "
    batch = round(float(history["images"][-1]) / steps)
    return f"Faint: single steps. Strong: moving average over {window:,} steps ({window * batch:,} images). "


def show_scores(history: charts.History, translates: bool, averaged: str) -> Picture:
    """Returns how the discriminators score real and generated images over time.

    Args:
        history: Columns of the run's history.
        translates: Whether the run translates between two domains.
        averaged: What the faint and the strong lines are, in words.
    """
    if translates:
        caption = (
            "How the discriminators score patches of real and of translated images (mean of both domains) before each "
            f"step. The least-squares loss pulls the scores to 1 and to 0 (dotted). {averaged}"
        )
        return Picture(embed_svg(charts.draw_patch_scores(history)), "Patch scores over images seen", caption)
    caption = (
        "Probability of 'real' that the discriminator gives to real and to generated images: mean over a batch before "
        f"each step. At 0.5 (dotted) it can't tell them apart. {averaged}"
    )
    return Picture(embed_svg(charts.draw_probabilities(history)), "D(x) and D(G(z)) over images seen", caption)


def describe_pace(history: charts.History, sessions: int) -> str:
    """Returns how long the training took; in runs of earlier versions, the clock restarted with every session."""
    seconds, images = history["seconds"], history["images"]
    ends = np.append(np.flatnonzero(np.diff(seconds) < 0), len(seconds) - 1)
    total = float(seconds[ends].sum())
    sessions = max(sessions, len(ends))
    parts = f", in {sessions} sessions" if sessions > 1 else ""
    return (
        f"{len(images):,} steps in {total / 60:,.1f} minutes{parts}: {images[-1] / max(total, 1e-9):,.0f} images/s. "
        "The losses of two networks that compete do not measure image quality."
    )
