"""SSIM of synthetic with real images beside that of real images with each other."""

from typing import Any

import numpy as np

from ganoscope.figures.axes import COLOURS, make_figure
from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Arrays, Findings
from ganoscope.studies.analysis.ssim_distribution import Distribution, SsimDistributions

BINS = 60
NO_MEASURE = (
    "SSIM between unrelated images is no quality measure: it tells how alike brightness and layout of two pictures "
    "are, not whether one looks real, and it is high for blurred images. What can be read here is whether synthetic "
    "images resemble real ones as much as real ones of different patients resemble each other."
)


def show(findings: Findings) -> Chapter | None:
    """Returns both distributions; None where they were left out."""
    if findings.ssim is None:
        return None
    found, arrays = findings.ssim
    text = (
        f"{found.synthetic:,} synthetic with {found.real:,} real training images of the first split, "
        f"{found.size_px} × {found.size_px} px, Gaussian window of {found.kernel_px} px and a standard deviation of "
        f"{found.sigma_px:g} px; pairs of real images are of different patients or groups."
    )
    rows = [write_distribution("synthetic with real", found.synthetic_to_real)]
    if found.real_to_real:
        rows.append(write_distribution("real with real", found.real_to_real))
    header = ("Pairs", "number", "mean", "SD", "5th percentile", "25th", "median", "75th", "95th")
    table = Table("SSIM", header, tuple(rows))
    alt = "Histograms of SSIM of synthetic with real and of real with real images; percentiles are in the table."
    figures = findings.draw("ssim", alt, draw_distributions, found, arrays)
    content = (Section((NO_MEASURE, text), figures=figures), Section(tables=(table,)))
    return Chapter("ssim", "SSIM", content)


def write_distribution(name: str, one: Distribution) -> tuple[str, ...]:
    """Returns a distribution as a row of the table."""
    return (name, f"{one.pairs:,}", *(f"{value:.3f}" for value in (one.mean, one.sd, *one.quantiles)))


def draw_distributions(found: SsimDistributions, arrays: Arrays) -> Any:
    """Returns a figure of both histograms, each with an area of 1.

    Args:
        found: What describes them.
        arrays: Their values.
    """
    figure = make_figure(2.9)
    axes = figure.add_subplot()
    names = {"real_to_real": ("real with real", found.real_to_real)}
    names |= {"synthetic_to_real": ("synthetic with real", found.synthetic_to_real)}
    ends = np.concatenate([arrays[name].ravel() for name in names])
    edges = np.linspace(ends.min(), ends.max() + 1e-9, BINS + 1)
    for (name, (title, one)), colour, style in zip(names.items(), COLOURS, ("-", "--"), strict=False):
        if one is None:
            continue
        label = f"{title}: median {one.quantiles[2]:.3f}, {one.pairs:,} pairs"
        axes.hist(arrays[name].ravel(), edges, density=True, color=colour, alpha=0.25)
        axes.hist(
            *(arrays[name].ravel(), edges),
            density=True,
            histtype="step",
            color=colour,
            linewidth=1.4,
            linestyle=style,
            label=label,
        )
    axes.set(xlabel="SSIM", ylabel="density")
    axes.legend(frameon=False, fontsize=8.5)
    return figure
