"""Sample grids: the last one beside real images, and some over time; and the images in a separate folder."""

from pathlib import Path

import numpy as np
from PIL import Image

from ganoscope.figures.sheets import GAP_PX
from ganoscope.reports.kit.content import Chapter, Section
from ganoscope.reports.kit.pictures import Picture, open_picture, show_pixels
from ganoscope.reports.run.artefacts import Sources
from ganoscope.reports.run.sections.generated import show_generated
from ganoscope.training.run_folder.samples import COLUMNS
from ganoscope.training.run_folder.trained_run import TrainedRun

GRIDS = 6
"""Sample grids shown over time."""
CELLS = 4
"""Rows and columns of a grid that are shown over time; the final one is shown whole."""
WIDTH_PX, SMALL_PX = 490, 320
OF_NOISE = (
    "Every grid shows the same noise vectors, drawn once and not selected by eye, through the moving average of the "
    "generator's weights. A conditional generator has one class per row."
)
OF_TRANSLATION = (
    "Every grid shows the same images, from the validation split where there is one: the input, its translation, and "
    "the translation back, through the moving averages of the generators' weights."
)


def make_chapter(sources: Sources) -> Chapter:
    """Returns the chapter on sample grids and generated images.

    Raises:
        UserError: The folder of generated images holds none.
    """
    sections = (describe_samples(sources.trained), show_generated(sources.config.generated))
    return Chapter("samples", "Samples over time", sections)


def describe_samples(run: TrainedRun) -> Section:
    """Returns the sample grids."""
    grids, domains = list_grids(run.path), run.record.domains
    if not grids:
        return Section(("The run has no sample grids.",))
    seen, path = grids[-1]
    pairs = [show_grid(path, f"{name_grid(domains)}, after {seen:,} images seen.", "Sample grid")]
    real = run.path / "samples" / "real.png"
    if real.exists():
        caption = "Real: training images, evenly spread over the training split."
        pairs.append(show_grid(real, caption, "Grid of real images"))
    return Section(
        (OF_TRANSLATION if domains else OF_NOISE,),
        pairs=tuple(pairs),
        trio=show_over_time(grids),
        trio_title=f"Over time, at increasing intervals: {CELLS} x {CELLS} images of each grid, or all of a grid whose "
        "rows have names.",
    )


def show_over_time(grids: list[tuple[int, Path]]) -> tuple[Picture, ...]:
    """Returns the first rows and columns of some grids; nothing where there is only one grid."""
    chosen = [grids[position] for position in choose_grids([seen for seen, _ in grids])]
    if len(chosen) < 2:
        return ()
    return tuple(
        show_grid(path, f"{seen:,} images", f"Samples after {seen:,} images", whole=False) for seen, path in chosen
    )


def list_grids(run: Path) -> list[tuple[int, Path]]:
    """Returns the run's sample grids with the images seen, in order."""
    return sorted((int(path.stem), path) for path in (run / "samples").glob("[0-9]*.png"))


def choose_grids(seen: list[int]) -> list[int]:
    """Returns the positions of up to six grids at increasing intervals, the last among them.

    The grid of the untrained generator is chosen only where there is no other.

    Example:
        >>> choose_grids([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
        [1, 2, 3, 4, 6, 10]
    """
    start = 1 if len(seen) > 1 and seen[0] == 0 else 0
    free = list(range(start, len(seen)))
    if len(free) <= GRIDS:
        return free
    chosen: list[int] = []
    for target in np.geomspace(seen[-1], seen[start], GRIDS):
        nearest = min(free, key=lambda position: abs(seen[position] - target))
        chosen.append(nearest)
        free.remove(nearest)
    return sorted(chosen)


def show_grid(path: Path, caption: str, alt: str, whole: bool = True) -> Picture:
    """Returns a sample grid.

    Args:
        path: The grid's file.
        caption: What to read from it.
        alt: What it shows.
        whole: Whether to show all of it, or its first rows and columns at a smaller width.
    """
    grid = open_picture(path, "L")
    return show_pixels(grid if whole else crop_grid(grid), caption, alt, WIDTH_PX if whole else SMALL_PX)


def crop_grid(grid: Image.Image, cells: int = CELLS) -> Image.Image:
    """Returns the first rows and columns of a sample grid with its frame; all of a grid whose rows have captions."""
    if grid.width != grid.height:
        return grid
    step = (grid.width - GAP_PX) // COLUMNS
    side = cells * step + GAP_PX
    return grid.crop((0, 0, min(side, grid.width), min(side, grid.height)))


def name_grid(domains: tuple[str, ...]) -> str:
    """Describes what a sample grid shows.

    Example:
        >>> name_grid(()), name_grid(("well", "sick"))
        ('Generated', 'Between well and sick')
    """
    return f"Between {' and '.join(domains)}" if domains else "Generated"
