"""Sample grids of the averaged generators at every tick: from fixed noise, or translations of fixed images."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganoscope.contracts import Method, draw
from ganoscope.data.store import Store
from ganoscope.data.store.domains import Domain
from ganoscope.figures.sheets import GAP_GREY, make_sheet, save_picture
from ganoscope.seeds import SAMPLE_NOISE_SEED, Stream, stream

ROWS, COLUMNS, MAX_ROWS = 8, 8, 24
TRANSLATED = 8
"""Number of images shown from each domain."""


class Pictures(Protocol):
    """Makes a run's sample grids.

    Attributes:
        real: Training images for comparison, in [-1, 1], shape (N, H, W).
    """

    real: NDArray[np.float32]

    def save(
        self, run: Path, images_seen: int, averages: Mapping[str, nn.Module], device: torch.device
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Writes the grid as `samples/<images seen>.png`, and returns generated images (N, H, W) and the grid.

        Args:
            run: Folder of the run.
            images_seen: Images seen so far.
            averages: Averaged generators by name.
            device: Their device.
        """
        ...


class NoisePictures:
    """Images from fixed noise; each row has one class."""

    def __init__(self, method: Method, store: Store, classes: tuple[str, ...]) -> None:
        self.method, self.store, self.classes = method, store, classes
        self.real = store.load_images(spread(store.indices("train"), len(choose_rows(method.classes)) * COLUMNS))[:, 0]

    def save(
        self, run: Path, images_seen: int, averages: Mapping[str, nn.Module], device: torch.device
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Writes the grid, the first time also one of real images.

        Args:
            run: Folder of the run.
            images_seen: Images seen so far.
            averages: Moving averages of the networks, by name.
            device: Device to compute on.

        Returns:
            Generated images, (N, H, W) in [-1, 1], and the grid.
        """
        fake = draw_samples(averages["G"], self.method, device)
        return fake, save_samples(run, images_seen, fake, self.store, self.classes)


class TranslationPictures:
    """Images of both domains, translated there and back; from the validation split where there is one."""

    def __init__(self, domains: tuple[Domain, Domain]) -> None:
        self.domains = domains
        self.real = np.concatenate([load_spread(domain, "train", 4 * TRANSLATED) for domain in domains])
        shown = ("validation" if len(domain.indices("validation")) else "train" for domain in domains)
        self.shown = [load_spread(domain, split, TRANSLATED) for domain, split in zip(domains, shown, strict=True)]

    @torch.no_grad()
    def save(
        self, run: Path, images_seen: int, averages: Mapping[str, nn.Module], device: torch.device
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Writes the grid.

        Args:
            run: Folder of the run.
            images_seen: Images seen so far.
            averages: Moving averages of the networks, by name.
            device: Device to compute on.

        Returns:
            Translated images, (N, H, W) in [-1, 1], and the grid.
        """
        rows: list[NDArray[np.float32]] = []
        captions: list[str] = []
        translated = []
        names = [domain.name for domain in self.domains]
        for image, (source, target), (there, back) in zip(
            self.shown, (names, names[::-1]), (("G_ab", "G_ba"), ("G_ba", "G_ab")), strict=True
        ):
            rows, captions = [*rows, image], [*captions, source]
            for name, caption in ((there, f"as {target}"), (back, f"and back as {source}")):
                if name not in averages:
                    break
                image = averages[name](torch.from_numpy(image)[:, None].to(device)).float().cpu().numpy()[:, 0]
                rows, captions = [*rows, image], [*captions, caption]
                translated += [image] if name == there else []
        intensity = self.domains[0].store.intensity
        shown = [fill_row(intensity.to_display(intensity.to_pixels(row)), TRANSLATED) for row in rows]
        sheet = make_sheet(np.concatenate(shown), TRANSLATED, captions)
        save_picture(run / "samples" / f"{images_seen:010d}.png", sheet)
        return np.concatenate(translated), sheet


def load_spread(domain: Domain, split: str, count: int) -> NDArray[np.float32]:
    """Returns evenly spaced images of a split of a domain, shape (N, H, W), N at most `count`.

    Args:
        domain: The domain.
        split: Name of the split.
        count: Largest number of images.
    """
    return domain.store.load_images(spread(domain.indices(split), count))[:, 0]


def choose_rows(classes: int) -> NDArray[np.int64]:
    """Returns the class code of each row, shape (rows,): 8 rows shared among the classes, or one per class, up to 24.

    Example:
        >>> choose_rows(3).tolist(), choose_rows(0).tolist() == [0] * 8, len(choose_rows(100))
        ([0, 0, 0, 1, 1, 1, 2, 2], True, 24)
    """
    rows = max(ROWS, min(classes, MAX_ROWS))
    return np.sort(np.arange(rows) % max(classes, 1))


@torch.no_grad()
def draw_samples(generator: nn.Module, method: Method, device: torch.device) -> NDArray[np.float32]:
    """Returns images from fixed noise, 8 per row of `choose_rows`, shape (N, H, W), in [-1, 1].

    Args:
        generator: The averaged generator.
        method: Its method.
        device: Its device.
    """
    rows = choose_rows(method.classes)
    shape = (len(rows) * COLUMNS, method.latent_dim)
    noise = stream(SAMPLE_NOISE_SEED, Stream.SAMPLE_NOISE)
    z = torch.from_numpy(noise.standard_normal(shape, dtype=np.float32)).to(device)
    label = torch.from_numpy(np.repeat(rows, COLUMNS)).to(device) if method.classes else None
    images: NDArray[np.float32] = draw(generator, z, label).float().cpu().numpy()
    return images[:, 0]


def save_samples(
    run: Path, images_seen: int, images: NDArray[np.float32], store: Store, classes: tuple[str, ...] = ()
) -> NDArray[np.uint8]:
    """Writes the grid as `samples/<images seen>.png`, the first time also `samples/real.png`; returns the grid.

    Args:
        run: Folder of the run.
        images_seen: Images seen so far.
        images: Result of `draw_samples`, shape (N, H, W), in [-1, 1].
        store: Store whose training images are shown in `real.png`, in rows of the same classes.
        classes: Class names; empty where the generator is not conditioned on a class.
    """
    intensity = store.intensity
    captions = [classes[code] for code in choose_rows(len(classes))] if classes else None
    sheet = make_sheet(intensity.to_display(intensity.to_pixels(images)), COLUMNS, captions)
    save_picture(run / "samples" / f"{images_seen:010d}.png", sheet)
    if not (run / "samples" / "real.png").exists():
        save_picture(run / "samples" / "real.png", make_sheet(draw_real(store, captions), COLUMNS, captions))
    return sheet


def draw_real(store: Store, captions: list[str] | None) -> NDArray[np.uint8]:
    """Returns training images spread over the store, 8-bit grey, shape (N, H, W): up to 64, or 8 per caption's class.

    Args:
        store: The store.
        captions: Class of each row; where a class has too few images, plain pictures fill its rows.
    """
    indices = store.indices("train")
    if captions is None:
        return store.intensity.to_display(np.asarray(store.images[spread(indices, ROWS * COLUMNS)]))
    labels = store.column("label")[indices]
    rooms = {name: COLUMNS * captions.count(name) for name in captions}
    chosen = {name: spread(indices[labels == name], room) for name, room in rooms.items()}
    return np.concatenate(
        [fill_row(store.intensity.to_display(np.asarray(store.images[chosen[name]])), rooms[name]) for name in rooms]
    )


def spread(indices: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Returns evenly spaced indices, shape (N,), N at most `count`; none is repeated."""
    return indices[np.linspace(0, len(indices) - 1, min(count, len(indices))).astype(int)]


def fill_row(pictures: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """Returns pictures (N, H, W) with plain ones after them where there are fewer than `count`: a row stays a row."""
    blank = np.full((max(0, count - len(pictures)), *pictures.shape[1:]), GAP_GREY, np.uint8)
    return np.concatenate([pictures, blank])
