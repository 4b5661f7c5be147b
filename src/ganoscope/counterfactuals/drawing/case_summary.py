"""Describes the result of one image in words, for its panel."""

import numpy as np

from ganoscope.counterfactuals.translation.batches import Setting, Translated
from ganoscope.data.store.intensity import SCALED_UNIT
from ganoscope.evaluate.counterfactual.measures import CHANGED, MARGIN_PX


def describe_case(setting: Setting, batch: Translated, index: int) -> list[str]:
    """Returns the classifiers' predictions for one image, and how much of it changed, as lines of text.

    Args:
        setting: Intensity map.
        batch: The translated cases.
        index: Which of them.
    """
    value = {name: float(column[index]) for name, column in vars(batch.measures).items()}
    unit = name_unit(setting.intensity.unit)
    lines = [f"image {batch.cases[index].name}", f"direction: {batch.directions[index]}"]
    for name, prefix in (("explained", ""), ("independent", "judge_")):
        before, after = value[f"{prefix}probability_before"], value[f"{prefix}probability_after"]
        if np.isfinite(before):
            lines.append(f"{name}: p(target) {before:.2f} to {after:.2f}{describe_flip(value[f'{prefix}flip'])}")
    if np.isfinite(value["attack_flip"]):
        lines.append(f"noise of equal size flips it: {describe_yes(value['attack_flip'])}")
    if np.isfinite(value["attack_judge_flip"]):
        lines.append(f"  and the independent classifier: {describe_yes(value['attack_judge_flip'])}")
    if batch.pairs.already[index]:
        return [*lines, "already of the target: no counterfactual"]
    lines += [
        f"mean change {value['l1']:.2f} {unit}, SSIM {value['ssim']:.3f}",
        f"pixels changed by over {CHANGED:.0%} of the range: {value['changed_share']:.1%}",
    ]
    if np.isfinite(value["change_in_lesion"]):
        lines.append(f"change in the finding (+ {MARGIN_PX} px): {value['change_in_lesion']:.0%}")
        lines.append(f"  which covers {value['lesion_area']:.0%} of the image")
    if np.isfinite(value["change_in_anatomy"]):
        lines.append(f"change in the anatomy (dashed): {value['change_in_anatomy']:.0%}")
        lines.append(f"  which covers {value['anatomy_area']:.0%} of the image")
    if np.isfinite(value["cycle_l1"]):
        lines.append(f"original and back: {value['cycle_l1']:.2f} {unit} apart")
    return lines


def describe_flip(flip: float) -> str:
    """Returns in words whether a prediction changed; NaN where the target was predicted before.

    Example:
        >>> describe_flip(1.0), describe_flip(0.0), describe_flip(float("nan"))
        (', flipped', ', not flipped', ', target before')
    """
    return ", target before" if np.isnan(flip) else f", {'' if flip else 'not '}flipped"


def describe_yes(value: float) -> str:
    """Returns 1 as yes and 0 as no."""
    return "yes" if value else "no"


def name_unit(unit: str) -> str:
    """Returns the name of a store's unit for use in sentences.

    Example:
        >>> name_unit("grey 8 bit"), name_unit("HU"), name_unit("signal, scaled")
        ('grey values', 'HU', 'steps of 16 bits')
    """
    return {"HU": "HU", SCALED_UNIT: "steps of 16 bits"}.get(unit, "grey values")
