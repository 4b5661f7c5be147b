"""Are images copies of the generator's training images, as a whole or in part?

Every synthetic image is compared with every member, see `ganoscope.copies`, and so are held-out images of
other patients: their resemblance is what happens by chance. Copies are also planted, to see what share would be found.

Source: calibration by held-out images: Deo et al. 2026, https://arxiv.org/abs/2602.13066
Differs: p values instead of z scores, see `copies.significance`; parts are compared as well.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import AuditEvidence
from ganoscope.contracts import Measured
from ganoscope.copies.candidate_members import ALL_VIEWS, Views
from ganoscope.copies.compared_regions import REGIONS
from ganoscope.copies.copy_search import CopySearch, Found, find_planted, make_copy_search
from ganoscope.copies.gallery import align_original, draw_gallery, frame
from ganoscope.copies.matches import EXTENTS, Matches
from ganoscope.copies.null import HeldOut, choose_held_out
from ganoscope.copies.planted import KINDS
from ganoscope.copies.significance import (
    FALSE_DISCOVERIES,
    FEWEST_HELD_OUT,
    Significance,
    compute_p,
    judge,
)
from ganoscope.data.checks.thumbnails import TRANSFORMS
from ganoscope.statistics.estimate import Estimate
from ganoscope.statistics.proportion import compute_clopper_pearson, compute_upper_limit

QUESTION = "Are images copies of training images, as a whole or in part?"
RANK = 10

SHOWN = 12
"""Images in the gallery."""
CAPTION = (
    "The synthetic images that resemble a real one most, and that real image beside each, turned as it was found. "
    "Where a part resembles it, a frame marks the part. "
    "Without the word copy, resemblance is no more than that of other patients."
)


@dataclass(frozen=True)
class Chance:
    """What resemblance by chance looks like, and what share of planted copies stands out from it.

    Attributes:
        held_out: The held-out images.
        null: Their matches.
        planted: Number of copies that were planted.
        found: Number of them that were found.
    """

    held_out: HeldOut
    null: Found
    planted: int
    found: int


def ask(evidence: AuditEvidence) -> Answer:
    """Returns whether copies are shown; without enough held-out images only which members are nearest."""
    count = evidence.synthetic.count
    search = make_copy_search(evidence.members, count)
    found = search.find(lambda at: evidence.synthetic.load(at)[:, 0], np.arange(count), "comparing with members")
    chance = measure_chance(evidence, search)
    if chance is None:
        return answer_without_null(evidence, search, found)
    verdicts = judge(found, chance.null, chance.held_out.patients_known)
    return Answer(
        outcome="fault" if verdicts.copies.any() else "clear" if find_limit(count, chance) < 1 else "untested",
        verdict=word_verdict(verdicts, chance, count),
        values=make_values(verdicts, chance),
        details=make_details(verdicts, chance, search),
        columns=make_columns(search, found, verdicts),
        sheets={"copies.png": draw_worst(evidence, search, found, verdicts)},
        warnings=list_warnings(chance, search),
    )


def measure_chance(evidence: AuditEvidence, search: CopySearch) -> Chance | None:
    """Returns what happens by chance; None where there are too few held-out images."""
    held_out = evidence.held_out
    if held_out is None or len(held_out.indices) < FEWEST_HELD_OUT:
        return None
    chosen = choose_held_out(search.members, held_out, evidence.seed)
    if len(chosen.positions) < FEWEST_HELD_OUT:
        return None
    null = search.find(
        lambda at: held_out.store.load_images(held_out.indices[at])[:, 0], chosen.positions, "comparing held-out images"
    )
    level = FALSE_DISCOVERIES / evidence.synthetic.count
    p = compute_p(find_planted(search, evidence.seed), null, chosen.patients_known, level).p
    return Chance(chosen, null, len(p), int((p <= level).sum()))


def answer_without_null(evidence: AuditEvidence, search: CopySearch, found: Found) -> Answer:
    """Returns the nearest members alone: without held-out images, nobody knows which resemblance is unusual.

    Args:
        evidence: The audit's evidence.
        search: The members.
        found: Matches of the synthetic images.
    """
    given = 0 if evidence.held_out is None else len(evidence.held_out.indices)
    return Answer(
        outcome="untested",
        verdict=f"Whether images are copies can't be tested: got {given} held-out images of other patients that no "
        f"member repeats, {FEWEST_HELD_OUT} are needed to say which resemblance is unusual. The nearest member of each "
        "image is listed.",
        columns=make_columns(search, found, None),
        sheets={"copies.png": draw_worst(evidence, search, found, None)},
        warnings=list_warnings(None, search),
    )


def word_verdict(verdicts: Significance, chance: Chance, count: int) -> str:
    """Returns what is shown, or what would have been seen.

    Args:
        verdicts: What is judged of each image.
        chance: What happens by chance.
        count: Number of synthetic images.
    """
    copies, held_out = int(verdicts.copies.sum()), chance.held_out
    seen = f"{chance.found} of {chance.planted} planted copies ({KINDS}) were found"
    if copies:
        parts = int((verdicts.extent[verdicts.copies] == EXTENTS.index("part")).sum())
        return (
            f"Copies shown: {copies:,} of {count:,} images resemble a member more than images of other patients do by "
            f"chance ({parts:,} of them in a part). By chance, at most {FALSE_DISCOVERIES:.0%} of those flagged are "
            f"expected. {seen[0].upper()}{seen[1:]}."
        )
    limit = find_limit(count, chance)
    if limit == 1:
        return (
            f"Whether images are copies can't be told: {seen}, as held-out images of other patients resemble members "
            "as much as copies do. None of the images resembles a member more than they do."
        )
    return (
        f"No copy shown: none of {count:,} images resembles a member more than {len(held_out.positions):,} held-out "
        f"images of other patients do by chance. {seen[0].upper()}{seen[1:]}, so at most {limit:.2%} of "
        "images are such copies (95% limit)."
    )


def find_limit(count: int, chance: Chance) -> float:
    """Returns the highest share of copies that agrees with none found: upper limit of what is seen over sensitivity.

    Both limits are one-sided, of 97.5% each, so the result is one of 95%.
    """
    sensitivity = compute_clopper_pearson(chance.found, chance.planted)[0]
    return min(1.0, compute_upper_limit(0, count, 0.975) / sensitivity) if sensitivity > 0 else 1.0


def make_values(verdicts: Significance, chance: Chance) -> tuple[Value, ...]:
    """Returns the share of copies, and the share of planted copies that were found."""
    count = len(verdicts.p)
    shares = (("copies", int(verdicts.copies.sum()), count), ("planted_copies_found", chance.found, chance.planted))
    return tuple(
        Value(
            name,
            Measured(
                Estimate(number / total, *compute_clopper_pearson(number, total), total, total),
                None,
                "lower" if name == "copies" else "higher",
            ),
        )
        for name, number, total in shares
    )


def make_details(verdicts: Significance, chance: Chance, search: CopySearch) -> dict[str, object]:
    """Returns further figures.

    Args:
        verdicts: What is judged of each image.
        chance: What happens by chance.
        search: The members.
    """
    return {
        "captions": {"copies.png": CAPTION},
        "held_out_images": len(chance.held_out.positions),
        "held_out_left_out": chance.held_out.left_out,
        "p_values": verdicts.rule,
        "tail_shapes": list(verdicts.shapes),
        "smallest_p": float(verdicts.p.min()),
        "false_discoveries": FALSE_DISCOVERIES,
        "share_limit": find_limit(len(verdicts.p), chance),
        "views_whole": len(search.views.whole),
        "views_part": len(search.views.part),
    }


def make_columns(search: CopySearch, found: Found, verdicts: Significance | None) -> dict[str, list[object]]:
    """Returns the columns of the table of images.

    Args:
        search: The members.
        found: Matches of the synthetic images.
        verdicts: What is judged of each image; None without held-out images.
    """
    count = len(found["whole"].score)
    extents = np.zeros(count, np.int64) if verdicts is None else verdicts.extent
    matches = [found[EXTENTS[extent]] for extent in extents]
    ids = search.members.store.column("sample_id")[search.members.indices]
    columns: dict[str, list[object]] = {
        "nearest_sample_id": [str(ids[match.position[row]]) for row, match in enumerate(matches)],
        "correlation": [round(abs(float(match.correlation[row])), 4) for row, match in enumerate(matches)],
    }
    if verdicts is not None:
        columns["p_value"] = [float(f"{p:.3g}") for p in verdicts.p]
        columns["copy"] = ["yes" if copy else "no" for copy in verdicts.copies]
    columns["how"] = [describe_way(match, row, search.views) for row, match in enumerate(matches)]
    return columns


def describe_way(match: Matches, row: int, views: Views) -> str:
    """Returns in words how an image resembles its member, such as `whole; mirrored left to right; inverted`.

    Args:
        match: Matches of all images.
        row: Number of the image.
        views: Views in which images were compared.
    """
    region = REGIONS[int(match.region[row])]
    view = views.of("whole" if region.whole else "part")[int(match.view[row])]
    rows, columns = (f"{at / 0.32:.0f}-{(at + region.side) / 0.32:.0f}%" for at in (region.top, region.left))
    words = ["whole" if region.whole else f"part (member's rows {rows}, columns {columns})", TRANSFORMS[view.transform]]
    if view.reduction < 1:
        words.append("enlarged")
    if match.correlation[row] < 0:
        words.append("inverted")
    return "; ".join(words)


def draw_worst(
    evidence: AuditEvidence, search: CopySearch, found: Found, verdicts: Significance | None
) -> NDArray[np.uint8]:
    """Returns the gallery of the images that resemble a member most, 8-bit grey, shape (H, W).

    Args:
        evidence: The audit's evidence.
        search: The members.
        found: Matches of the synthetic images.
        verdicts: What is judged of each image; None without held-out images.
    """
    order = np.argsort(-found["whole"].score if verdicts is None else verdicts.p, kind="stable")[:SHOWN]
    images, originals, captions = [], [], []
    for row in order:
        extent = "whole" if verdicts is None else EXTENTS[int(verdicts.extent[row])]
        match = found[extent]
        original = search.index.load(match.position[row : row + 1])[0]
        view, region = search.views.of(extent)[int(match.view[row])], REGIONS[int(match.region[row])]
        images.append(frame(evidence.synthetic.load(np.array([row]))[0, 0], region, view))
        originals.append(frame(align_original(original, view, bool(match.correlation[row] < 0)), region, view))
        p = "" if verdicts is None else f"\np {verdicts.p[row]:.2g}{', copy' if verdicts.copies[row] else ''}"
        captions.append(f"{str(evidence.synthetic.names[row])[-24:]}\n{extent}{p}")
    return draw_gallery(np.stack(images), np.stack(originals), captions)


def list_warnings(chance: Chance | None, search: CopySearch) -> tuple[str, ...]:
    """Returns what limits the answer."""
    warnings = []
    if search.views != ALL_VIEWS:
        warnings.append(
            "The sets are so large that whole images were compared in eight orientations, but not shifted by more than "
            "two pixels or enlarged, and parts only at their own place, not turned."
        )
    else:
        warnings.append(
            "Parts were looked for at their own place, up to two pixels (of 64) away, in eight orientations."
        )
    if search.index.cells:
        warnings.append(
            "Members are so many that every image was only compared with those whose coordinates lie near to its own: "
            "faint copies may be missed."
        )
    if chance is not None and not chance.held_out.patients_known:
        warnings.append(
            f"Patients are unknown: held-out images may show patients of members. {chance.held_out.left_out:,} nearly "
            f"repeat a member and were left out; among the others, the highest scores were not used."
        )
    return tuple(warnings)
