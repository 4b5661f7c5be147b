"""The analysis of a finished study: what is cheap is computed anew, what takes time is kept for the same request."""

from dataclasses import asdict
from pathlib import Path

from ganoscope.files import compute_sha256, load_json, refuse_links, remove, save_json
from ganoscope.studies.analysis import (
    FOLDER,
    arm_grad_cams,
    endpoint_means,
    example_images,
    mean_curves,
    original_goal,
    ssim_distribution,
    subgroup_harms,
    summed_confusion,
)
from ganoscope.studies.analysis.config import AnalysisConfig
from ganoscope.studies.analysis.first_split import FirstSplit
from ganoscope.studies.evidence.estimated_means import EstimatedMeans

REQUEST = "request.json"
TIMED = (
    ssim_distribution.ARRAYS,
    ssim_distribution.FILE,
    arm_grad_cams.ARRAYS,
    arm_grad_cams.FILE,
    example_images.ARRAYS,
)
"""Files that take time, and are kept."""


def analyse(out: Path, split: FirstSplit, config: AnalysisConfig, means: EstimatedMeans) -> None:
    """Writes the analysis of a study into its folder `analysis`.

    Args:
        out: Folder of the study, with its tables.
        split: Its first outer split.
        config: What is asked for.
        means: How means are estimated.
    """
    folder, design = out / FOLDER, split.tasks.design
    refuse_links(folder)
    folder.mkdir(exist_ok=True)
    endpoints = [
        *endpoint_means.measure_endpoints(out, means),
        *endpoint_means.measure_always(summed_confusion.count_held_out(out), design.ratio),
    ]
    endpoint_means.TABLE.save(folder, endpoints)
    subgroup_harms.TABLE.save(folder, subgroup_harms.compare_subgroups(out, design.config.margin, means))
    mean_curves.TABLE.save(folder, mean_curves.average_curves(out))
    summed_confusion.TABLE.save(folder, summed_confusion.sum_confusion(out))
    original_goal.TABLE.save(folder, original_goal.measure_goal(out, design.plan.count, means))
    look_at_images(folder, split, config)


def look_at_images(folder: Path, split: FirstSplit, config: AnalysisConfig) -> None:
    """Writes what is computed from images, unless it lies there already for the same request.

    Args:
        folder: Folder to write to.
        split: The first outer split.
        config: What is asked for.
    """
    design, path = split.tasks.design, folder / REQUEST
    request = {"design_sha256": design.sha256, **asdict(config), "skip_plots": False, "read": split.list_contents()}
    if path.exists() and load_json(path) == {**request, "files": hash_timed(folder)}:
        return
    for name in (REQUEST, *TIMED):
        remove(folder / name)
    seed, synthetic = design.config.seed, split.synthetic
    if synthetic:
        example_images.save_examples(split.training, synthetic, seed, folder)
    if synthetic and not config.skip_ssim:
        numbers = (config.ssim_real, config.ssim_synthetic)
        ssim_distribution.measure_ssim(split.training, synthetic, numbers, seed, folder)
    if not config.skip_gradcam:
        arm_grad_cams.explain_arms(split, config.gradcam_samples, seed, folder)
    save_json(path, {**request, "files": hash_timed(folder)})


def hash_timed(folder: Path) -> dict[str, str]:
    """Returns the hashes of the files that take time, as far as they are there."""
    return {name: compute_sha256(folder / name) for name in TIMED if (folder / name).is_file()}
