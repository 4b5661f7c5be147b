"""What to know before treating a counterfactual as an explanation: checks of the measures over all images."""

from collections.abc import Iterator

from ganoscope.alarms import Alarm, Check, run_checks
from ganoscope.evaluate.counterfactual.measures import BLUR_PX
from ganoscope.evaluate.counterfactual.set_findings import ALL, Findings

FEW_FLIPS = 0.5
"""Share of flips below which counterfactuals do not explain a classifier."""
FEW_KEPT = 0.9
"""Share of the flips that written files must keep."""
MUCH_PADDING = 0.1
"""Share of the change beside the picture from which on it may raise an alarm."""


def find_alarms(findings: Findings) -> list[Alarm]:
    """Returns the alarms to know before treating a counterfactual as an explanation."""
    return run_checks(CHECKS, findings)


def check_flips(findings: Findings) -> Iterator[Alarm]:
    """Yields an alarm where the explained classifier's prediction hardly ever becomes the target."""
    flip = findings.summary[ALL].get("flip")
    if flip and flip.value < FEW_FLIPS:
        message = (
            f"only {flip.value:.0%} of the counterfactuals change the explained classifier's prediction (n = "
            f"{flip.n}): "
            "most show no change that it responds to. Train longer, or give the counterfactual loss more weight."
        )
        yield Alarm("few_flips", "warning", message, {"flips": round(flip.value, 4), "images": flip.n})


def check_transfer(findings: Findings) -> Iterator[Alarm]:
    """Yields an alarm where counterfactuals flip the explained classifier, but rarely an independent one."""
    found = findings.summary[ALL]
    flip, judge = found.get("flip"), found.get("judge_flip")
    if flip and judge and judge.value < FEW_FLIPS * flip.value:
        message = (
            f"counterfactuals behave like an attack: they flip the explained classifier in {flip.value:.0%} of the "
            f"images, but an independent one in {judge.value:.0%} (n = {judge.n}). They do not show what "
            f"characterises the class."
        )
        yield Alarm("counterfactual_like_attack", "warning", message, {"judge_flips": round(judge.value, 4)})


def check_blur(findings: Findings) -> Iterator[Alarm]:
    """Yields an alarm where flips are lost when the counterfactual is blurred."""
    kept = findings.summary[ALL].get("flip_after_blur")
    if kept and kept.value < FEW_FLIPS:
        message = (
            f"only {kept.value:.0%} of the flips persist when the counterfactual is blurred by {BLUR_PX:g} px (n = "
            f"{kept.n}): they rely on fine patterns, like an attack."
        )
        yield Alarm("flips_lost_in_blur", "warning", message, {"kept": round(kept.value, 4)})


def check_control(findings: Findings) -> Iterator[Alarm]:
    """Yields a note where noise of equal norm flips the independent classifier as often, and nothing else was found."""
    margin = findings.transfer_margin
    if margin and margin.low <= 0 and not [*check_transfer(findings), *check_blur(findings)]:
        message = (
            "the adversarial control can't tell counterfactuals from noise here: noise of the same L2 norm flips the "
            f"independent classifier as often (difference {margin.value:.2f}, {margin.low:.2f} to {margin.high:.2f}, "
            f"n = {margin.n}). Noise of that size is no longer small; compare the strengths at which each begins to "
            f"flip it."
        )
        yield Alarm("control_undecided", "note", message, {"difference": round(margin.value, 4)})


def check_findings(findings: Findings) -> Iterator[Alarm]:
    """Yields an alarm where the change misses annotated findings."""
    found = findings.summary[ALL]
    inside, area = found.get("change_in_lesion"), found.get("lesion_area")
    if inside and area and not (inside.low > area.high or (inside.groups < 2 and inside.value > area.value)):
        message = (
            f"the changes do not point to the annotated findings: {inside.value:.1%} of their sum lies inside, "
            f"against {area.value:.1%} for a uniform change (n = {inside.n})."
        )
        yield Alarm("change_misses_findings", "warning", message, {"inside": round(inside.value, 4)})


def check_padding(findings: Findings) -> Iterator[Alarm]:
    """Yields an alarm where the change prefers the padding beside the picture."""
    found = findings.summary[ALL]
    beside, padding = found.get("change_in_padding"), found.get("padding_area")
    if beside and padding and beside.value > max(MUCH_PADDING, padding.value):
        message = (
            f"{beside.value:.1%} of the change lies in the padding beside the picture, which covers "
            f"{padding.value:.1%} of the square (n = {beside.n}): the classes are distinguished by the pictures' "
            f"shape, not by disease. Prepare the store with --fit crop or body."
        )
        yield Alarm("change_in_padding", "warning", message, {"share": round(beside.value, 4)})


def check_files(findings: Findings) -> Iterator[Alarm]:
    """Yields an alarm where written files no longer have the effect that was measured on the networks' images."""
    kept = findings.summary[ALL].get("flip_as_written")
    if kept and kept.value < FEW_KEPT:
        message = (
            f"of the counterfactuals that change the classifier's prediction, {kept.value:.0%} still do so in the "
            f"written file (n = {kept.n}): converting the change to the source's geometry and values loses part of it."
        )
        yield Alarm("written_files_differ", "warning", message, {"kept": round(kept.value, 4), "images": kept.n})


CHECKS: tuple[Check[Findings], ...] = (
    Check(
        ("few_flips",),
        "counterfactuals that do not change the explained classifier's prediction",
        check_flips,
        f"fewer than {FEW_FLIPS:.0%} change it",
    ),
    Check(
        ("counterfactual_like_attack",),
        "counterfactuals that act on the explained classifier alone, like an attack",
        check_transfer,
        f"the independent classifier flips less than {FEW_FLIPS:g} times as often",
    ),
    Check(
        ("flips_lost_in_blur",),
        "flips that rely on fine patterns",
        check_blur,
        f"fewer than {FEW_FLIPS:.0%} persist under a blur of {BLUR_PX:g} px",
    ),
    Check(
        ("control_undecided",),
        "adversarial noise that transfers as well as the counterfactuals do",
        check_control,
        "interval of the difference reaches 0, and no sign of an attack was found",
    ),
    Check(
        ("change_misses_findings",),
        "changes that do not point to the annotated findings",
        check_findings,
        "interval of the share inside not above that of a uniform change",
    ),
    Check(
        ("change_in_padding",),
        "changes in the padding beside the picture",
        check_padding,
        f"above {MUCH_PADDING:.0%} of the change, and above the padding's share of the area",
    ),
    Check(
        ("written_files_differ",),
        "written files that lose the effect of the counterfactual",
        check_files,
        f"fewer than {FEW_KEPT:.0%} of the flips hold",
    ),
)
"""What is looked for in the measures of all counterfactuals."""
