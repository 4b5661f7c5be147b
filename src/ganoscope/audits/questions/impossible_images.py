"""Impossible images: empty fields, cut or separate bodies, values out of range, counted against real images."""

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.audits.beside_real.feature_families import Blocks
from ganoscope.contracts import Measured
from ganoscope.errors import write_count
from ganoscope.evaluate.features import BATCH
from ganoscope.evaluate.soundness.impossible import REASONS, Signs, find_signs, join_signs, judge, set_limits
from ganoscope.statistics.estimate import Estimate
from ganoscope.statistics.proportion import compute_wilson_interval

QUESTION = "Are there images that can't be?"
RANK = 90

CERTAIN = ("out_of_range", "empty_field")
"""Signs of which a single image is a fault; the others are compared with held-out images."""
SHOWN = 24
"""Impossible images that are shown."""
COLUMNS = 8


def ask(evidence: AuditEvidence) -> Answer:
    """Returns how many synthetic images are impossible, and which; all of them are looked at.

    A fault is a single image that is empty or has values out of range; or that more bodies are cut or separate than
    held-out images lead to expect, intervals apart. Whether an organ is doubled is not looked for.

    Args:
        evidence: Synthetic images and members; held-out images where there are any.
    """
    synthetic, members, held_out = evidence.synthetic, evidence.members, evidence.held_out
    limits = set_limits(scan(members.store.load_images, members.indices))
    found = judge(scan(synthetic.load, np.arange(synthetic.count)), limits)
    real = judge(scan(held_out.store.load_images, held_out.indices), limits) if held_out else {}
    values = [Value(name, compare_counts(one, real.get(name), limits.members)) for name, one in found.items()]
    worse = [value for value in values if is_fault(value)]
    reasons = ["; ".join(name for name in REASONS if found[name][at]) for at in range(synthetic.count)]
    flagged = np.flatnonzero([bool(one) for one in reasons])
    return Answer(
        outcome="fault" if worse else "clear",
        verdict=write_verdict(found, values, worse, len(flagged)),
        values=tuple(values),
        details={
            "meanings": REASONS,
            "counts": {name: int(one.sum()) for name, one in found.items()},
            "held_out_counts": {name: int(one.sum()) for name, one in real.items()},
            "limits": vars(limits),
            "flagged": [str(name) for name in synthetic.names[flagged[:SHOWN]]],
        },
        columns={"impossible": reasons},
        sheets={"impossible_images.png": draw_sheet(synthetic.load(flagged[:SHOWN]))} if len(flagged) else {},
    )


def scan(load: Blocks, positions: NDArray[np.int64]) -> Signs:
    """Returns the signs of a set, read in batches.

    Args:
        load: From positions to images (n, 1, H, W) in network range.
        positions: The set, shape (N,).
    """
    return join_signs([find_signs(load(positions[at : at + BATCH])[:, 0]) for at in range(0, len(positions), BATCH)])


def compare_counts(found: NDArray[np.bool_], real: NDArray[np.bool_] | None, members: int) -> Measured:
    """Returns the share of synthetic images with a sign; its floor is that of held-out images.

    Args:
        found: Whether each synthetic image has it, shape (N,).
        real: Whether each held-out image has it, shape (M,); None where there are none.
        members: Number of members that set the limit: without held-out images, 1 / (members + 1) is expected.
    """
    floor = estimate_share(real.mean(), len(real)) if real is not None and len(real) else None
    return Measured(
        estimate_share(found.mean(), len(found)), floor or estimate_share(1 / (members + 1), members), "lower"
    )


def estimate_share(share: float, count: int) -> Estimate:
    """Returns a share among images that are independent of each other."""
    return Estimate(float(share), *compute_wilson_interval(float(share), count), count, count)


def is_fault(value: Value) -> bool:
    """Tells whether a count is a fault."""
    measured = value.measured
    apart = measured.floor is not None and measured.value.low > measured.floor.high
    return measured.value.value > 0 if value.name in CERTAIN else apart


def write_verdict(found: dict[str, NDArray[np.bool_]], values: list[Value], worse: list[Value], flagged: int) -> str:
    """Returns the verdict.

    Args:
        found: Which images have each sign, shape (N,) each.
        values: Shares of the signs.
        worse: Those of them that are faults.
        flagged: Number of images with any sign.
    """
    total = len(next(iter(found.values())))
    counts = ", ".join(f"{value.name.replace('_', ' ')} {int(found[value.name].sum()):,}" for value in worse or values)
    if worse:
        return f"{write_count(flagged, 'image')} of {total:,} can't be: {counts}."
    # none of n seen: the upper end of the interval of 0 says what could have been missed
    missed = max(value.measured.value.high for value in values)
    return (
        f"No more impossible images are shown than among real ones ({counts}, of {total:,}). "
        f"A share of {missed:.1%} or more of one kind would have been seen."
    )


def draw_sheet(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Returns images (n, 1, H, W) side by side, 8-bit grey, shape (rows H, columns W)."""
    grey = np.nan_to_num((images[:, 0].clip(-1, 1) + 1) / 2 * 255, nan=0.0).astype(np.uint8)
    columns = min(COLUMNS, len(grey))
    rows = -(-len(grey) // columns)
    height, width = grey.shape[1:]
    tiles = np.zeros((rows * columns, height, width), np.uint8)
    tiles[: len(grey)] = grey
    return tiles.reshape(rows, columns, height, width).transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
