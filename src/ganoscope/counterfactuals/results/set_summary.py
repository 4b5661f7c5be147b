"""Describes the results in plain sentences, direction by direction."""

from collections.abc import Mapping

import numpy as np

from ganoscope.counterfactuals.drawing.case_summary import name_unit
from ganoscope.counterfactuals.results.set_measures import HuFidelity
from ganoscope.counterfactuals.translation.batches import Setting
from ganoscope.evaluate.counterfactual.measures import CHANGED, MARGIN_PX
from ganoscope.evaluate.counterfactual.set_findings import SHARES, Findings, Realism
from ganoscope.statistics.estimate import Estimate, count_digits


def write_summary(
    setting: Setting,
    findings: Findings,
    realism: Mapping[str, Mapping[str, Realism]],
    fidelity: Mapping[str, HuFidelity],
) -> str:
    """Returns the results in plain sentences, direction by direction; a heading ends with a colon.

    Args:
        setting: Intensity map.
        findings: Means with intervals.
        realism: Kernel distances, by extractor and direction.
        fidelity: Distances of Hounsfield units, by direction.
    """
    lines, unit = [], name_unit(setting.intensity.unit)
    for direction, found in findings.summary.items():
        lines += describe_validity(direction, found, findings.transfer_margin.get(direction))
        lines += describe_cost(direction, found, unit)
    lines += describe_realism(realism) + describe_fidelity(fidelity)
    return "\n".join(lines) + "\n"


def describe_validity(direction: str, found: Mapping[str, Estimate], margin: Estimate | None) -> list[str]:
    """Returns how often classifiers assign counterfactuals to the target class, and whether noise does the same.

    Args:
        direction: Direction of the translation, such as `normal to pneumonia`.
        found: Estimates of that direction by measure.
        margin: How much more often counterfactuals flip the independent classifier than noise; None where unknown.
    """
    if "flip" not in found and "judge_flip" not in found:
        if found.keys() & {"probability_before", "judge_probability_before"}:
            return [f"{direction}: all images already belong to their target class: there are no flips to count."]
        return [f"{direction}: no classifier was given: the effect on a classifier is unknown."]
    sentences = {
        "flip": "the explained classifier's prediction becomes the target in {}",
        "judge_flip": "the independent classifier's prediction becomes the target in {}",
        "flip_strength": "mean strength of the change at which the explained classifier's prediction flips: {}",
        "judge_flip_strength": "mean strength at which the independent classifier's prediction flips: {}",
        "flip_after_blur": "of the flips, {} persist after a blur of 1 px (blur alone: {flip_by_blur})",
        "flip_as_written": "of the flips, {} persist in the files as written",
    }
    lines = [f"{direction}: effect on the classifiers' predictions:", *fill(sentences, found)]
    if "judge_flip" not in found:
        lines.append(
            "- no independent classifier was given (--judge): this may be an attack on the explained classifier"
        )
    noise = {
        "attack_flip": "adversarial noise of equal L2 norm against the explained classifier flips it in {}",
        "attack_flip_strength": "mean share of the noise at which it flips: {}",
        "attack_judge_flip": "the same noise flips the independent classifier in {}",
        "attack_judge_flip_strength": "mean share of the noise at which the independent classifier flips: {}",
        "attack_flip_after_blur": "of the noise's flips, {} persist after the blur",
    }
    controls = fill(noise, found)
    if margin:
        verdict = "" if margin.low > 0 else "it is not shown that "
        controls.append(
            f"- {verdict}counterfactuals flip the independent classifier more often than noise does: difference "
            f"{write_share(margin)}"
        )
    return lines + ([f"{direction}: comparison with an adversarial attack:", *controls] if controls else [])


def describe_cost(direction: str, found: Mapping[str, Estimate], unit: str) -> list[str]:
    """Returns how much changes, where, and whether translating back restores the image.

    Args:
        direction: Direction of the translation, such as `normal to pneumonia`.
        found: Estimates of that direction by measure.
        unit: Name of stored units.
    """
    sentences = {
        "l1": f"mean absolute change: {{}} {unit}",
        "ssim": "structural similarity to the original: {}",
        "changed_share": f"pixels that change by more than {100 * CHANGED:g}% of the range: {{}}",
        "change_in_lesion": f"change inside the annotated finding, dilated by {MARGIN_PX} px: {{}}; it covers "
        "{lesion_area} of the image",
        "change_in_anatomy": "change inside the outlined anatomy: {}; it covers {anatomy_area} of the image",
        "change_in_padding": "change in the padding beside the picture: {}; it covers {padding_area} of the square",
        "identity_l1": f"images translated to their own class change by {{}} {unit}",
        "cycle_l1": f"after translation there and back, images differ from the original by {{}} {unit}",
    }
    return [f"{direction}: size and place of the change:", *fill(sentences, found)]


def fill(sentences: Mapping[str, str], found: Mapping[str, Estimate]) -> list[str]:
    """Returns the sentences of the measures that were found, as list items, with value, interval and n."""
    shares = {name: write_share(one) if is_share(name) else write_mean(one) for name, one in found.items()}
    missing = dict.fromkeys(("flip_by_blur", "lesion_area", "anatomy_area", "padding_area"), "an unknown share")
    return [
        f"- {text.format(shares[name], **{**missing, **shares})}" for name, text in sentences.items() if name in found
    ]


def is_share(name: str) -> bool:
    """Tells whether a measure is a share, which is written in per cent."""
    return name in SHARES or name.endswith(("share", "_area")) or name.startswith("change_in_")


def write_share(estimate: Estimate) -> str:
    """Returns a share in per cent with its interval and n.

    Example:
        >>> write_share(Estimate(0.5, 0.25, 0.75, 8, 4)), write_share(Estimate(0.5, float("nan"), float("nan"), 2, 1))
        ('50.0% (25.0 to 75.0, n = 8)', '50.0% (n = 2)')
    """
    value, low, high = numbers = [100 * each for each in (estimate.value, estimate.low, estimate.high)]
    digits = count_digits(numbers, 1)
    interval = "" if np.isnan(low) else f"{low:.{digits}f} to {high:.{digits}f}, "
    return f"{value:.{digits}f}% ({interval}n = {estimate.n})"


def write_mean(estimate: Estimate) -> str:
    """Returns a mean with its interval and n.

    Example:
        >>> write_mean(Estimate(1.5, 1.25, 1.75, 8, 4))
        '1.500 (1.250 to 1.750, n = 8)'
    """
    digits = count_digits((estimate.value, estimate.low, estimate.high), 3)
    interval = "" if np.isnan(estimate.low) else f"{estimate.low:.{digits}f} to {estimate.high:.{digits}f}, "
    return f"{estimate.value:.{digits}f} ({interval}n = {estimate.n})"


def describe_realism(realism: Mapping[str, Mapping[str, Realism]]) -> list[str]:
    """Returns the kernel distances to the target domain, by extractor."""
    lines = []
    for extractor, targets in realism.items():
        for direction, one in targets.items():
            after, before, floor = one.counterfactuals, one.originals, one.counterfactuals.floor
            lines.append(
                f"- {direction}, {extractor}: originals {before.value:.4f}, counterfactuals {after.value:.4f} "
                f"({after.low:.4f} to {after.high:.4f}, n = {after.generated_images}); at {floor.images} images, "
                f"real to real {floor.real:.4f}, counterfactuals to real {floor.generated:.4f}"
            )
    return ["Kernel distance to real images of the target:", *lines] if lines else []


def describe_fidelity(fidelity: Mapping[str, HuFidelity]) -> list[str]:
    """Returns the distances of Hounsfield units to the target domain, before and after translation."""
    lines = []
    for direction, one in fidelity.items():
        floor = f"; halves of the real images {one.floor.value:.1f}" if one.floor else ""
        before, after = one.before, one.after
        lines.append(
            f"- {direction}: histogram distance before {write_mean(before.wasserstein_hu)}, after "
            f"{write_mean(after.wasserstein_hu)}{floor}"
        )
        lines += [
            f"- {direction}, {tissue}: mean HU minus that of real images: before "
            f"{write_mean(before.tissue_error_hu[tissue])}, after {write_mean(error)}"
            for tissue, error in after.tissue_error_hu.items()
            if tissue in before.tissue_error_hu
        ]
    return ["Hounsfield units compared with real images of the target:", *lines] if lines else []
