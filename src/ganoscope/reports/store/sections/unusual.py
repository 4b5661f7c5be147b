"""Unusual pictures: constant images, the extremes of brightness and contrast, and images that were in colour."""

import numpy as np

from ganoscope.reports.kit.content import write_number
from ganoscope.reports.store.artefacts import Evidence
from ganoscope.reports.store.chapter import StoreChapter
from ganoscope.reports.store.galleries import Exhibit, Gallery, count_shown, show_plainly

REASONS = {
    "darkest": "Lowest mean value.",
    "brightest": "Highest mean value.",
    "least varied": "Lowest standard deviation: empty, nearly constant or overexposed pictures come first.",
    "most varied": "Highest standard deviation: drawn, inverted or over-contrasted pictures come first.",
}


def show(evidence: Evidence) -> StoreChapter:
    """Returns constant images, former colour images, and the extremes of brightness and contrast."""
    measured, exhibits = evidence.findings.measured, evidence.findings.exhibits
    constant, empty = int((measured.deviations == 0).sum()), int(np.isnan(measured.means).sum())
    sentences = [
        f"Images of one constant value: {constant:,}. Images without a measured pixel: {empty:,}. Below, at most one "
        "image of each patient or group; mean and standard deviation (s.d.) of stored values "
        f"({evidence.store.intensity.unit})."
    ]
    if len(measured.indices) < evidence.store.count:
        sentences.append(f"Brightness was measured on a random sample of {len(measured.indices):,} images.")
    shown = [
        Gallery(name.capitalize(), REASONS[name], tuple(show_extreme(evidence, int(index), name) for index in chosen))
        for name, chosen in exhibits.extremes.items()
    ]
    if len(exhibits.coloured):
        shown.append(make_colour_gallery(evidence))
    else:
        sentences.append("No source picture was in colour.")
    return StoreChapter("unusual", "Unusual pictures", tuple(sentences), galleries=tuple(shown))


def show_extreme(evidence: Evidence, index: int, name: str) -> Exhibit:
    """Returns an image with its mean and standard deviation.

    Args:
        evidence: What is shown of the store.
        index: Position of the image in the store.
        name: What it is the extreme of.
    """
    measured = evidence.findings.measured
    rank = int(np.searchsorted(measured.indices, index))
    mean, deviation = (round(float(values[rank]), 1) for values in (measured.means, measured.deviations))
    lines = (f"mean {write_number(mean)}", f"s.d. {write_number(deviation)}")
    return show_plainly(evidence, index, f"{name} of the store", *lines)


def make_colour_gallery(evidence: Evidence) -> Gallery:
    """Returns images whose source was in colour, in the grey that the store keeps of them."""
    chosen = [int(index) for index in evidence.findings.exhibits.coloured]
    exhibits = tuple(
        show_plainly(evidence, index, "reduced from colour to grey", f"source {evidence.columns['source'][index]}")
        for index in chosen
    )
    found = int((evidence.columns["coloured"] == "yes").sum())
    return Gallery("Were in colour", count_shown(len(chosen), found), exhibits)
