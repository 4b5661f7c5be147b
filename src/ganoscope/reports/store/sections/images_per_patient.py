"""Patients: how many images each has, and those with the most."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ganoscope.errors import write_count
from ganoscope.figures.axes import COLOURS, INK, make_figure, styled, to_svg
from ganoscope.reports.kit.content import Table
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter, show_chart

LARGEST_PATIENTS = 12
"""Patients listed: those with the most images."""
MOST_BARS = 40


def show(evidence: Evidence) -> StoreChapter:
    """Returns how many images each patient has."""
    counts = count_images_of_patients(evidence)[1]
    unknown = int((evidence.columns["patient"] == "").sum())
    if not len(counts):
        nobody = f"The patient is unknown for all {write_count(unknown, 'image')}."
        return StoreChapter("patients", "Patients", (nobody,))
    missing = f" The patient of {write_count(unknown, 'image')} is unknown." if unknown else ""
    text = (
        f"{write_count(len(counts), 'known patient')}, from {counts.min():,} to {counts.max():,} images each, "
        f"median {np.median(counts):g}.{missing}"
    )
    if counts.max() == counts.min():
        same = f"{write_count(len(counts), 'known patient')}, images of each: {counts.min():,}.{missing}"
        return StoreChapter("patients", "Patients", (same,))
    alt = f"Bar chart: number of patients by their number of images. {text}"
    chart = show_chart(draw_images_per_patient(counts), alt, "Patients by their number of images.")
    return StoreChapter("patients", "Patients", (text,), tables=(list_patients(evidence),), figures=(chart,))


def count_images_of_patients(evidence: Evidence) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """Returns the known patients and the number of images of each, shape (P,), most images first."""
    known = evidence.columns["patient"][evidence.columns["patient"] != ""]
    names, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return names[order], counts[order].astype(np.int64)


def list_patients(evidence: Evidence) -> Table:
    """Returns the patients with the most images, with their classes and splits."""
    names, counts = count_images_of_patients(evidence)
    rows = []
    for name, number in zip(names[:LARGEST_PATIENTS].tolist(), counts.tolist(), strict=False):
        members = evidence.columns["patient"] == name
        listed = Counter(evidence.labels[members].tolist()).most_common(4)
        classes = ", ".join(f"{images:,} {label}" for label, images in listed) if evidence.labelled else "no labels"
        splits = ", ".join(sorted(set(evidence.columns["split"][members].tolist())))
        rows.append((name, f"{number:,}", f"{number / len(evidence.labels):.1%}", classes, splits))
    header = ("Pseudonym", "Images", "Share", "Classes", "Split")
    return Table("Patients with the most images", header, tuple(rows), words=True)


@styled
def draw_images_per_patient(counts: NDArray[np.int64]) -> str:
    """Returns how many patients have how many images, as SVG.

    Args:
        counts: Number of images of each patient, shape (P,).
    """
    figure = make_figure(2.4)
    axes = figure.add_subplot()
    most = int(counts.max())
    width = max(1, -(-most // MOST_BARS))
    edges = np.arange(0.5, most + width + 0.5, width)
    heights = np.histogram(counts, edges)[0]
    bars = axes.bar(edges[:-1] + width / 2, heights, width=0.86 * width, color=COLOURS[0])
    axes.bar_label(bars, [f"{height:,}" if height else "" for height in heights], fontsize=8, color=INK, padding=1)
    axes.margins(y=0.12)
    axes.set_axisbelow(True)
    wide = "" if width == 1 else f", {width} to a bar"
    axes.set(xlabel=f"images of one patient{wide}", ylabel="patients", xlim=(0, edges[-1] + 0.5))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="x", visible=False)
    return to_svg(figure)
