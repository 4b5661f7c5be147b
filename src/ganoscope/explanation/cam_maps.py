"""Maps of a CAM-guided GAN: its attention, its heat maps, and what its teacher sees.

They are computed for methods that declare the trait `draws_attention`: `G` offers `draw_with_attention`, `D` returns a
`cam`, and the configuration names a `teacher`; where that teacher's folder is gone its maps are left out. All maps are
in [0, 1].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.classifiers.teacher import Teacher, open_teacher
from ganoscope.errors import UserError
from ganoscope.explanation.subjects import Subjects
from ganoscope.generation import BLOCK, make_noise
from ganoscope.methods import load
from ganoscope.nets.evaluation_mode import find_device
from ganoscope.objectives.cam import MERGES
from ganoscope.progress import CONSOLE
from ganoscope.training.run_folder.record import refuse_retrained
from ganoscope.training.run_folder.trained_run import TrainedRun

IMAGES = 6
"""Images of each set that are shown."""
Maps = Mapping[str, NDArray[np.float32]]
"""Maps by the title of their column, each of shape (N, H, W), in [0, 1]."""


@dataclass(frozen=True)
class CamPanel:
    """Images and the maps that are shown beside them.

    Attributes:
        title: What the panel shows.
        scale: What the colours mean.
        sets: By set of images: the images, network range, shape (N, 1, H, W), and their maps.
    """

    title: str
    scale: str
    sets: Mapping[str, tuple[NDArray[np.float32], Maps]]


def collect_cam_panels(run: TrainedRun, subjects: Sequence[Subjects], seed: int) -> dict[str, CamPanel]:
    """Returns the panels that a run offers, by name; none for a run without attention.

    Args:
        run: The run.
        subjects: Held-out real images, and generated ones of the same seed.
        seed: Random seed of the generated images.
    """
    if not load(run.record.method).TRAITS.draws_attention:
        return {}
    sets = {one.name: one.images[:IMAGES] for one in subjects}
    teacher = find_teacher(run)
    plain, scaled = "value of the map, 0 to 1", describe_scale(teacher)
    panels = {
        "attention": CamPanel(
            "the generator's attention, level by level", plain, {"generated": draw_attention(run, IMAGES, seed)}
        ),
        "discriminator_cam": CamPanel(
            "heat maps of the discriminator and of its teacher",
            scaled,
            {name: (images, compute_heat_maps(run, teacher, images)) for name, images in sets.items()},
        ),
    }
    if teacher:
        panels["teacher_merges"] = CamPanel(
            "the teacher's maps of all classes, merged in four ways",
            scaled,
            {name: (images, merge_all(teacher, images)) for name, images in sets.items()},
        )
        panels["teacher_classes"] = CamPanel(
            "the teacher's map of each class",
            scaled,
            {name: (images, split_classes(teacher, images)) for name, images in sets.items()},
        )
    return panels


def describe_scale(teacher: Teacher | None) -> str:
    """Returns what the colours of maps mean among which a teacher's may be."""
    if teacher is None:
        return "value of the map, 0 to 1"
    return f"value of the map; for the teacher, 1 is {teacher.scale:.3g} logits and more, for every image alike"


def find_teacher(run: TrainedRun) -> Teacher | None:
    """Returns the run's teacher; None, with a message, where it can't be opened any more."""
    try:
        teacher = open_teacher(Path(run.record.method_config["teacher"]), str(find_device(run.generator)))
        refuse_retrained(run.record, "teacher", teacher.classifier)
        return teacher
    except UserError as error:
        CONSOLE.print(f"panels without the teacher's maps: {error}")
        return None


@torch.no_grad()
def draw_attention(run: TrainedRun, number: int, seed: int) -> tuple[NDArray[np.float32], Maps]:
    """Returns generated images (N, 1, H, W), those that `draw_images` gives, and the attention of every level.

    Args:
        run: The run.
        number: Number of images N.
        seed: Random seed of the noise.
    """
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
def compute_heat_maps(run: TrainedRun, teacher: Teacher | None, images: NDArray[np.float32]) -> Maps:
    """Returns D's heat maps of images, and those of its teacher where there is one.

    Args:
        run: The run.
        teacher: Its teacher, if it can be opened.
        images: Network range, shape (N, 1, H, W).
    """
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
    """Returns a tensor as a float32 array of the same shape."""
    return tensor.float().cpu().numpy()


def save_cam_maps(path: Path, panels: Mapping[str, CamPanel]) -> None:
    """Writes every map, by panel, set of images and column."""
    arrays = {
        f"{name}/{kind}/{column}": maps
        for name, panel in panels.items()
        for kind, (_, columns) in panel.sets.items()
        for column, maps in columns.items()
    }
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
