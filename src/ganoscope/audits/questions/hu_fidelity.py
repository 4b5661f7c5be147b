"""HU fidelity: whether tissues have the Hounsfield units that they have in real images, by range of each tissue."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.beside_real.beside_floor import find_worse, find_worse_side, place_beside_floor
from ganoscope.audits.beside_real.feature_families import MOST_IMAGES, Blocks, choose, count_images
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.errors import UserError
from ganoscope.evaluate.features import BATCH
from ganoscope.evaluate.tissue_ranges import WHOLE, measure_ranges
from ganoscope.evaluate.units.hu_fidelity import HuHistogram
from ganoscope.statistics.estimate import LEVEL

QUESTION = "Do tissues have the Hounsfield units of real images?"
RANK = 80

NAME = "hu_wasserstein"


def ask(evidence: AuditEvidence) -> Answer:
    """Returns how far Hounsfield units are from real ones, by tissue, in units of how far real patients are apart.

    A fault is shown where a distance is above its floor, all tissues tested together.

    Args:
        evidence: Synthetic images and members of a store in HU; held-out images where there are any.

    Raises:
        UserError: Pixels are not in HU, or there are too few patients.
    """
    window = evidence.members.store.intensity
    if window.unit != "HU":
        raise UserError(f"Pixels are in {window.unit}, not in HU: Hounsfield units can't be tested.")
    synthetic = evidence.synthetic
    positions = choose(np.arange(synthetic.count), evidence.seed, 0, MOST_IMAGES)
    histograms = [count_histogram(window, synthetic.load, positions, positions.astype(str))]
    for number, real in enumerate((evidence.members, evidence.held_out), start=1):
        if real is not None:
            indices = choose(real.indices, evidence.seed, number, MOST_IMAGES)
            groups = real.store.column("group")[indices]
            histograms.append(count_histogram(window, real.store.load_images, indices, groups))
    peer = histograms[2] if len(histograms) > 2 else None
    measured = measure_ranges(histograms[0], histograms[1], peer, evidence.seed)
    values = [Value(write_name(name), one) for name, one in measured.items()]
    worse = find_worse(values, find_worse_side)
    return Answer(
        outcome="fault" if worse else "clear",
        verdict=write_verdict(values, worse),
        values=tuple(values),
        details={"images": count_images(evidence), "worse_than_floor": [value.name for value in worse]},
    )


def write_name(tissue: str) -> str:
    """Returns the name of a tissue's distance, such as `hu_wasserstein_soft_tissue`."""
    return NAME if tissue == WHOLE else f"{NAME}_{tissue.replace(' ', '_')}"


def count_histogram(
    window: IntensityMap, load: Blocks, positions: NDArray[np.int64], groups: NDArray[Any]
) -> HuHistogram:
    """Returns the histograms of a set, read in batches.

    Args:
        window: Map between HU and network range.
        load: From positions to images (n, 1, H, W) in network range.
        positions: The set, shape (N,).
        groups: Group of each image, shape (N,).
    """
    histogram = HuHistogram(window)
    for at in range(0, len(positions), BATCH):
        part = slice(at, at + BATCH)
        histogram.add(window.to_pixels(load(positions[part])[:, 0]), groups[part].tolist())
    return histogram


def write_verdict(values: list[Value], worse: list[Value]) -> str:
    """Returns the verdict.

    Args:
        values: Distances of all ranges.
        worse: Those of them that lie above their floor.
    """
    lines = []
    for value in worse or values:
        beside = place_beside_floor(value.measured)
        if beside is not None:
            tissue = value.name.removeprefix(NAME).replace("_", " ").strip() or "whole histogram"
            lines.append(
                f"{tissue} {beside.value.value:.3g} HU, {beside.ratio:.1f} times that between real patients "
                f"({beside.floor.value:.3g} HU)"
            )
    found = "; ".join(lines)
    if worse:
        return f"Hounsfield units differ from those of real images in {len(worse)} of {len(values)} ranges: {found}."
    alone = (1 - LEVEL) / len(values)
    limits = [
        one.find_visible("above", alone) / one.floor.value
        for value in values
        if (one := place_beside_floor(value.measured))
    ]
    limit = f" More than {max(limits):.1f} times that between real patients would have been seen." if limits else ""
    return f"No difference of Hounsfield units is shown: {found}.{limit}"
