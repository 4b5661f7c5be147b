"""Alarms about what the pictures of a store are like: shortcuts, burnt-in markers, modalities, values, colour."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm
from ganoscope.data.store import Store
from ganoscope.data.store.columns import read_columns

COLUMNS_OF_BELONGING = (
    *("sample_id", "patient", "split", "source", "source_split", "source_sha256", "frame", "series"),
    *("position_mm", "placement", "boxes", "annotated"),
)
"""What alarms about the pictures themselves do without."""
LIKE_AIR_HU, LIKE_TISSUE_HU = -900.0, 100.0
"""Signals that reach from the first to the second look like Hounsfield units."""
MARKED_SHARE = 0.02
"""From this share of images with burnt-in text or markers on, they are worth an alarm."""


def find_alarms_of_pictures(store: Store) -> list[Alarm]:
    """Returns the alarms about what the pictures are like."""
    from ganoscope.data.checks.shortcuts import find_shortcuts, shortcut_alarms  # scikit-learn takes a second to import

    columns = read_columns(store, leave_out=COLUMNS_OF_BELONGING)
    return [
        *shortcut_alarms(find_shortcuts(columns)),
        *marked(columns["markers"], columns["searched"] == "1", columns["label"]),
        *mixed_modalities(columns["modality"]),
        *unstated_hu(columns["raw_low"], columns["raw_high"]),
        *coloured(columns["coloured"]),
    ]


def marked(markers: NDArray[np.str_], searched: NDArray[np.bool_], labels: NDArray[np.str_]) -> list[Alarm]:
    """Notes burnt-in text or markers: a classifier may read them, and a GAN draws them."""
    seen = markers != ""
    if seen.sum() < max(1, MARKED_SHARE * searched.sum()):
        return []
    names = np.unique(labels[searched])
    shares = ", ".join(f"{seen[searched & (labels == name)].mean():.0%} of {name or 'all'}" for name in names)
    message = (
        f"of {int(searched.sum()):,} images that were searched, {int(seen.sum()):,} seem to hold burnt-in text or "
        f"markers ({shares}; a hint, not a certainty). They may name a patient, and a classifier may learn them: look "
        "at the gallery of `ganoscope inspect`."
    )
    return [Alarm("burnt_in_markers", "note", message, {"images": int(seen.sum())})]


def mixed_modalities(modalities: NDArray[np.str_]) -> list[Alarm]:
    """Warns of a store that mixes modalities."""
    counts = Counter(modalities.tolist())
    if len(counts) < 2:
        return []
    listed = ", ".join(f"{count:,} {name or 'unknown'}" for name, count in counts.most_common())
    message = f"the images are of different modalities ({listed}): separate them with --only-modality."
    return [Alarm("mixed_modalities", "warning", message, dict(counts))]


def unstated_hu(lowest: NDArray[np.str_], highest: NDArray[np.str_]) -> list[Alarm]:
    """Notes signals that reach from air to above water, as Hounsfield units do."""
    low, high = (np.array([float(text or "nan") for text in texts.tolist()]) for texts in (lowest, highest))
    alike = int(((low <= LIKE_AIR_HU) & (high >= LIKE_TISSUE_HU)).sum())
    if not alike:
        return []
    message = (
        f"the values of {alike:,} images reach from below {LIKE_AIR_HU:g} to above {LIKE_TISSUE_HU:g}, as Hounsfield "
        "units do, but nothing says that they are: they were scaled and cut at both ends. If they are, prepare them "
        "again with --hu-offset 0."
    )
    return [Alarm("unstated_units", "note", message, {"images": alike})]


def coloured(flags: NDArray[np.str_]) -> list[Alarm]:
    """Notes true-colour pictures that were reduced to grey."""
    count = int((flags == "1").sum())
    if not count:
        return []
    message = f"{count} pictures held true colour (overlays, stains, screenshots?) and were reduced to grey."
    return [Alarm("coloured", "warning", message, {"images": count})]
