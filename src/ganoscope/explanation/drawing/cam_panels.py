"""Panels of a CAM-guided GAN: its attention, its heat maps, and what its teacher sees.

They are drawn for methods whose `G` offers `draw_with_attention`, whose `D` returns a `cam`, and whose configuration
names a `teacher`; without that teacher's folder its maps are left out. All maps are in [0, 1] and drawn on one scale, 0
to 1, never stretched; an empty one is the plain image with the word "empty".
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.classifiers.teacher import Teacher, open_teacher
from ganoscope.errors import UserError
from ganoscope.explanation.drawing.map_panels import COLOURS, blend, show, show_map
from ganoscope.explanation.subjects import Subjects
from ganoscope.generation import BLOCK, make_noise
from ganoscope.nets.evaluation_mode import find_device
from ganoscope.objectives.cam import MERGES
from ganoscope.progress import CONSOLE
from ganoscope.training.run_folder.record import refuse_retrained
from ganoscope.training.run_folder.trained_run import TrainedRun

IMAGES = 6
"""Rows of each panel."""
Maps = Mapping[str, NDArray[np.float32]]
"""By the title of their column, shape (N, H, W), in [0, 1]."""
Panel = tuple[str, Mapping[str, tuple[NDArray[np.float32], Maps]]]
"""Title, and by set of images: the images (N, 1, H, W) with their maps."""


def save_cam_panels(folder: Path, run: TrainedRun, subjects: Sequence[Subjects], seed: int) -> None:
    """Writes the panels that a run offers into `folder/figures`, and their maps into `folder/cam_maps.npz`.

    Args:
        folder: Where explanations are written; nothing is added to it for a run without attention.
        run: The run.
        subjects: Held-out real images, and generated ones of the same seed.
        seed: Of the generated images.
    """
    if not hasattr(run.generator, "draw_with_attention"):
        return
    sets = {one.name: one.images[:IMAGES] for one in subjects}
    teacher = find_teacher(run)
    panels: dict[str, Panel] = {
        "attention": ("the generator's attention, level by level", {"generated": draw_attention(run, IMAGES, seed)}),
        "discriminator_cam": (
            "heat maps of the discriminator and of its teacher",
            {name: (images, see(run, teacher, images)) for name, images in sets.items()},
        ),
    }
    if teacher:
        panels["teacher_merges"] = (
            "the teacher's maps of all classes, merged in four ways",
            {name: (images, merge_all(teacher, images)) for name, images in sets.items()},
        )
        panels["teacher_classes"] = (
            "the teacher's map of each class",
            {name: (images, split_classes(teacher, images)) for name, images in sets.items()},
        )
    for name, (title, content) in panels.items():
        viewed = {one: (run.record.intensity.to_view(images), maps) for one, (images, maps) in content.items()}
        figure = make_figure(title, viewed, describe_scale(name, teacher))
        figure.savefig(folder / "figures" / f"{name}.png", metadata={"Software": "ganoscope"})
    save_maps(folder / "cam_maps.npz", panels)


def find_teacher(run: TrainedRun) -> Teacher | None:
    """Returns the run's teacher; None, and says so, where it can't be opened any more."""
    try:
        teacher = open_teacher(Path(run.record.method_config["teacher"]), str(find_device(run.generator)))
        refuse_retrained(run.record, "teacher", teacher.classifier)
        return teacher
    except UserError as error:
        CONSOLE.print(f"panels without the teacher's maps: {error}")
        return None


@torch.no_grad()
def draw_attention(run: TrainedRun, number: int, seed: int) -> tuple[NDArray[np.float32], Maps]:
    """Returns generated images (N, 1, H, W), those that `draw_images` gives, and the attention of every level."""
    noise = torch.from_numpy(make_noise(run.latent_dim, 0, -(-number // BLOCK) * BLOCK, seed))
    parts: list[Any] = [
        run.generator.draw_with_attention(z.to(find_device(run.generator)))  # type: ignore[operator]
        for z in noise.split(BLOCK)
    ]
    image = torch.cat([part.image for part in parts])[:number]
    levels = [torch.cat(level)[:number] for level in zip(*(part.attention for part in parts), strict=True)]
    sides = [f"{level.shape[-1]} x {level.shape[-1]}" for level in levels]
    large = [F.interpolate(level.float(), image.shape[-2:], mode="nearest") for level in levels]
    return to_numpy(image), {side: to_numpy(level)[:, 0] for side, level in zip(sides, large, strict=True)}


@torch.no_grad()
def see(run: TrainedRun, teacher: Teacher | None, images: NDArray[np.float32]) -> Maps:
    """Returns D's heat maps of images (N, 1, H, W), and those it was taught by, where there is a teacher."""
    batch = torch.from_numpy(images).to(find_device(run.generator))
    maps = {"discriminator": to_numpy(run.networks["D"](batch).cam)[:, 0]}
    if teacher:
        merge = run.record.method_config["merge"]
        maps[f"teacher ({merge})"] = to_numpy(teacher(batch, merge).merged)[:, 0]
    return maps


@torch.no_grad()
def merge_all(teacher: Teacher, images: NDArray[np.float32]) -> Maps:
    """Returns the teacher's maps of images (N, 1, H, W), merged in the four ways."""
    batch = torch.from_numpy(images).to(find_device(teacher.classifier.network))
    return {name: to_numpy(teacher(batch, name).merged)[:, 0] for name in MERGES}


@torch.no_grad()
def split_classes(teacher: Teacher, images: NDArray[np.float32]) -> Maps:
    """Returns the teacher's map of each class for images (N, 1, H, W)."""
    batch = torch.from_numpy(images).to(find_device(teacher.classifier.network))
    maps = to_numpy(teacher(batch, "max").per_class)
    return {name: maps[:, code] for code, name in enumerate(teacher.classifier.record.classes)}


def to_numpy(tensor: Tensor) -> NDArray[np.float32]:
    """Returns a tensor as an array in float32."""
    return tensor.float().cpu().numpy()


def describe_scale(panel: str, teacher: Teacher | None) -> str:
    """Returns what a panel's colours mean."""
    if panel == "attention" or teacher is None:
        return "value of the map, 0 to 1"
    return f"value of the map; for the teacher, 1 is {teacher.scale:.3g} logits and more, for every image alike"


def make_figure(title: str, content: Mapping[str, tuple[NDArray[np.float32], Maps]], scale: str) -> Figure:
    """Returns a panel: a row per image, a column per map; sets side by side, and a colour bar for all."""
    columns = [1 + len(maps) for _, maps in content.values()]
    rows = max(len(images) for images, _ in content.values())
    cell = 12 / sum(columns)
    figure = Figure(figsize=(12, cell * rows * 1.06 + 1.9), dpi=100, facecolor="white", layout="constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=(cell * rows * 1.06 + 1.1, 0.8))
    halves[0].suptitle(title, fontsize=13, weight="bold")
    sides = halves[0].subfigures(1, len(content), width_ratios=columns, squeeze=False)[0]
    for side, (name, (images, maps)) in zip(sides, content.items(), strict=True):
        side.suptitle("held-out real images" if name == "real" else "generated images", fontsize=11)
        grid = side.subplots(rows, 1 + len(maps), squeeze=False)
        draw_side(grid, images, maps)
    mapping = ScalarMappable(Normalize(0, 1), COLOURS)
    figure.colorbar(mapping, cax=halves[1].subplots(), orientation="horizontal").set_label(scale, fontsize=10)
    return figure


def draw_side(grid: Any, images: NDArray[np.float32], maps: Maps) -> None:
    """Draws images with their maps, and the titles of the columns."""
    for axes, head in zip(grid[0], ("image", *maps), strict=True):
        axes.set_title(head, fontsize=10)
    for row in grid:
        for axes in row:
            axes.set_axis_off()
    for index, image in enumerate(images[:, 0]):
        show(grid[index, 0], blend(image, np.zeros_like(image), 0.0))
        for axes, heat in zip(grid[index, 1:], maps.values(), strict=True):
            show_map(axes, image, heat[index], 1.0)


def save_maps(path: Path, panels: Mapping[str, Panel]) -> None:
    """Writes every map that is drawn, by panel, set of images and column."""
    arrays = {
        f"{panel}/{name}/{column}": maps
        for panel, (_, content) in panels.items()
        for name, (_, columns) in content.items()
        for column, maps in columns.items()
    }
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
