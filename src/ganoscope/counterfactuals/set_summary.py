"""What was found over all images, in plain sentences."""

from collections.abc import Mapping

import numpy as np

from ganoscope.counterfactuals.case_summary import name_unit
from ganoscope.counterfactuals.set_measures import HuFidelity
from ganoscope.counterfactuals.translation import Setting
from ganoscope.evaluate.counterfactual.measures import CHANGED, MARGIN_PX
from ganoscope.evaluate.counterfactual.set_findings import ALL, SHARES, Findings, Realism
from ganoscope.statistics.bootstrap import Estimate


def write_summary(
    setting: Setting,
    findings: Findings,
    realism: Mapping[str, Mapping[str, Realism]],
    fidelity: Mapping[str, HuFidelity],
) -> str:
    """Returns what was found over all images, in plain sentences; a heading ends with a colon."""
    found, unit = findings.summary[ALL], name_unit(setting.intensity.unit)
    lines = [*describe_validity(found, findings.transfer_margin), *describe_cost(found, unit)]
    lines += describe_realism(realism) + describe_fidelity(fidelity)
    return "\n".join(lines) + "\n"


def describe_validity(found: Mapping[str, Estimate], margin: Estimate | None) -> list[str]:
    """Returns whether classifiers take counterfactuals for the target class, and whether noise does the same."""
    if "flip" not in found and "judge_flip" not in found:
        if found.keys() & {"probability_before", "judge_probability_before"}:
            return ["All images are of their target as they are: there is no flip to count."]
        return ["No classifier was asked: whether the translations mean anything to one is not known."]
    sentences = {
        "flip": "the explained classifier's answer becomes the target on {}",
        "judge_flip": "the independent judge's answer becomes the target on {}",
        "flip_strength": "mean strength of the change from which on the explained one's does: {}",
        "judge_flip_strength": "and the judge's: {}",
        "flip_after_blur": "of the flips, {} hold after a blur of 1 px (blur alone: {flip_by_blur})",
        "flip_as_written": "of the flips, {} hold in the files as written",
    }
    lines = ["Do the counterfactuals change what classifiers say:", *fill(sentences, found)]
    if "judge_flip" not in found:
        lines.append("- no independent judge was asked (--judge): this may be an attack on the explained classifier")
    noise = {
        "attack_flip": "noise of equal L2 norm, made against the explained classifier, flips it on {}",
        "attack_flip_strength": "mean share of the noise from which on it does: {}",
        "attack_judge_flip": "the same noise flips the judge on {}",
        "attack_judge_flip_strength": "mean share of the noise from which on it does: {}",
        "attack_flip_after_blur": "of the noise's flips, {} hold after the blur",
    }
    controls = fill(noise, found)
    if margin:
        verdict = "more often" if margin.low > 0 else "not shown to be more often"
        controls.append(f"- counterfactuals flip the judge {verdict} than noise does: difference {write_share(margin)}")
    return lines + (["Are they more than an attack:", *controls] if controls else [])


def describe_cost(found: Mapping[str, Estimate], unit: str) -> list[str]:
    """Returns how much is changed, where, and whether it can be undone."""
    sentences = {
        "l1": f"mean absolute change: {{}} {unit}",
        "ssim": "structural similarity to the original: {}",
        "changed_share": f"pixels that change by more than {100 * CHANGED:g} % of the range: {{}}",
        "change_in_lesion": f"change inside the annotated finding, dilated by {MARGIN_PX} px: {{}}; it covers "
        "{lesion_area} of the image",
        "change_in_padding": "change in the padding beside the picture: {}; it covers {padding_area} of the square",
        "identity_l1": f"images translated to the class that they are of change by {{}} {unit}",
        "cycle_l1": f"translated and back, images differ by {{}} {unit}",
    }
    return ["How much changes, and where:", *fill(sentences, found)]


def fill(sentences: Mapping[str, str], found: Mapping[str, Estimate]) -> list[str]:
    """Returns the sentences whose measure was found, as items of a list, with value, interval and n."""
    shares = {name: write_share(one) if is_share(name) else write_mean(one) for name, one in found.items()}
    missing = dict.fromkeys(("flip_by_blur", "lesion_area", "padding_area"), "an unknown share")
    return [
        f"- {text.format(shares[name], **{**missing, **shares})}" for name, text in sentences.items() if name in found
    ]


def is_share(name: str) -> bool:
    """Tells whether a measure is written in per cent."""
    return name in SHARES or name.endswith(("share", "_area", "change_in_lesion", "change_in_padding"))


def write_share(estimate: Estimate) -> str:
    """Returns a share in per cent with its interval and n.

    Example:
        >>> write_share(Estimate(0.5, 0.25, 0.75, 8, 4)), write_share(Estimate(0.5, float("nan"), float("nan"), 2, 1))
        ('50.0 % (25.0 to 75.0, n = 8)', '50.0 % (n = 2)')
    """
    value, low, high = (100 * each for each in (estimate.value, estimate.low, estimate.high))
    return f"{value:.1f} % ({'' if np.isnan(low) else f'{low:.1f} to {high:.1f}, '}n = {estimate.n})"


def write_mean(estimate: Estimate) -> str:
    """Returns a mean with its interval and n.

    Example:
        >>> write_mean(Estimate(1.5, 1.25, 1.75, 8, 4))
        '1.500 (1.250 to 1.750, n = 8)'
    """
    interval = "" if np.isnan(estimate.low) else f"{estimate.low:.3f} to {estimate.high:.3f}, "
    return f"{estimate.value:.3f} ({interval}n = {estimate.n})"


def describe_realism(realism: Mapping[str, Mapping[str, Realism]]) -> list[str]:
    """Returns how far images are from the target domain, by extractor."""
    lines = []
    for extractor, targets in realism.items():
        for target, one in targets.items():
            after, before, floor = one.counterfactuals, one.originals, one.counterfactuals.floor
            lines.append(
                f"- {extractor}, to {target}: originals {before.value:.4f}, counterfactuals {after.value:.4f} "
                f"({after.low:.4f} to {after.high:.4f}, n = {after.generated_images}); at {floor.images} images real "
                f"from real {floor.real:.4f}, counterfactuals from real {floor.generated:.4f}"
            )
    return ["Kernel distance to real images of the target:", *lines] if lines else []


def describe_fidelity(fidelity: Mapping[str, HuFidelity]) -> list[str]:
    """Returns how far HU are from those of the target domain, before and after."""
    lines = []
    for target, one in fidelity.items():
        floor = f"; halves of the real ones {one.floor.value:.1f}" if one.floor else ""
        before, after = one.before, one.after
        lines.append(
            f"- to {target}: histogram distance before {write_mean(before.wasserstein_hu)}, after "
            f"{write_mean(after.wasserstein_hu)}{floor}"
        )
        lines += [
            f"- {tissue}, mean HU against real: before {write_mean(before.tissue_error_hu[tissue])}, after "
            f"{write_mean(error)}"
            for tissue, error in after.tissue_error_hu.items()
            if tissue in before.tissue_error_hu
        ]
    return ["Hounsfield units against real images of the target:", *lines] if lines else []
