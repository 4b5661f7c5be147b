"""Procedural phantoms of chest CT, chest radiographs and brain MRI, with exact lesion masks.

They replace patients where the ground truth must be known: pixels outside the mask are those of the healthy patient, so
an explanation, a counterfactual or an audit can be compared with the lesion that was drawn. They are synthetic: nothing
in them comes from a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.phantoms import ct, cxr, mri
from ganoscope.errors import describe

MODALITIES = ("ct", "cxr", "mri")
LABELS: dict[str, tuple[str, ...]] = {"ct": ct.CLASSES, "cxr": cxr.CLASSES, "mri": mri.CLASSES}
VIEWS: dict[str, int] = {"ct": ct.VIEWS, "cxr": cxr.VIEWS, "mri": mri.VIEWS}

SHORTCUT_DISEASED, SHORTCUT_HEALTHY = 0.95, 0.05  # proportion of images with the marker

_ANATOMY: dict[str, ModuleType] = {"ct": ct, "cxr": cxr, "mri": mri}
_PATIENT, _IMAGE, _CLASSES, _MARKER = range(4)  # independent random streams
_MARKER_VALUE = {"ct": 1400, "cxr": 255, "mri": 255}
_LETTERS = {
    "R": ("11110", "10001", "10001", "11110", "10100", "10010", "10001"),
    "L": ("10000", "10000", "10000", "10000", "10000", "10000", "11111"),
}


@dataclass(frozen=True)
class Phantom:
    """One image of a synthetic patient.

    Attributes:
        pixels: (H, W); int16 HU in [-1024, 1500] for ct, uint8 for cxr and mri.
        mask: (H, W) bool; pixels changed by the lesion, all False for the healthy class.
        label: Class (type of lesion), one of `LABELS[modality]`.
        patient: Pseudonym, such as "phantom-000012"; its views share one anatomy.
        view: 0-based slice or film of that patient.
    """

    pixels: NDArray[np.int16] | NDArray[np.uint8]
    mask: NDArray[np.bool_]
    label: str
    patient: str
    view: int


def make_phantoms(modality: str, number: int, size: int, seed: int, *, shortcut: bool = False) -> Iterator[Phantom]:
    """Returns an iterator over phantoms 0 to `number` - 1, in constant memory.

    Args:
        modality: One of `MODALITIES`.
        number: Number of phantoms; the views of a patient are consecutive, and classes are balanced over patients.
        size: Height and width in pixels, 32 to 512.
        seed: Random seed of the population, 0 or more.
        shortcut: True burns a letter into a corner of 95% of the diseased and 5% of the healthy images.

    Raises:
        ValueError: An argument is outside its range.

    Example:
        >>> [(p.patient, p.view) for p in make_phantoms("mri", 5, 32, seed=0)][-2:]
        [('phantom-000000', 3), ('phantom-000001', 0)]
    """
    _check(modality, number, size, seed)
    return (make_phantom(modality, index, size, seed, shortcut=shortcut) for index in range(number))


def make_phantom(modality: str, index: int, size: int, seed: int, *, shortcut: bool = False) -> Phantom:
    """Returns phantom `index` alone.

    It is a pure function of its arguments, so workers may draw the phantoms in any order.

    Args:
        modality: One of `MODALITIES`.
        index: Position in the population; patient index // views, view index % views.
        size: Height and width in pixels, 32 to 512. The same index at another size shows the same patient.
        seed: Random seed of the population, 0 or more.
        shortcut: True burns a letter into a corner of 95% of the diseased and 5% of the healthy images.

    Raises:
        ValueError: An argument is outside its range.

    Example:
        >>> phantom = make_phantom("ct", 0, 64, seed=0)
        >>> phantom.pixels.shape, str(phantom.pixels.dtype)
        ((64, 64), 'int16')
        >>> bool(phantom.mask.any()) == (phantom.label != "normal")
        True
    """
    _check(modality, index + 1, size, seed)
    pixels, mask = _render(modality, index, size, seed, lesion=True)
    patient, view = divmod(index, VIEWS[modality])
    label = _label(modality, patient, seed)
    if shortcut:
        _burn_in(pixels, mask, _stream(modality, seed, _MARKER, index), modality, label)
    return Phantom(pixels, mask, label, f"phantom-{patient:06d}", view)


def _stream(modality: str, seed: int, use: int, number: int) -> np.random.Generator:
    """Returns the random generator of one stream, independent of all others."""
    return np.random.default_rng([seed, MODALITIES.index(modality), use, number])


def _label(modality: str, patient: int, seed: int) -> str:
    """Returns the class of a patient: each block of patients holds every class once, shuffled."""
    classes = LABELS[modality]
    block, place = divmod(patient, len(classes))
    return classes[int(_stream(modality, seed, _CLASSES, block).permutation(len(classes))[place])]


def _render(
    modality: str, index: int, size: int, seed: int, *, lesion: bool
) -> tuple[NDArray[np.int16] | NDArray[np.uint8], NDArray[np.bool_]]:
    """Returns pixels and mask (H, W); without the lesion, pixels outside its mask are unchanged."""
    number, view = divmod(index, VIEWS[modality])
    anatomy = _ANATOMY[modality]
    patient = anatomy.draw_patient(_stream(modality, seed, _PATIENT, number), _label(modality, number, seed))
    values, mask = anatomy.render(patient, view, size, _stream(modality, seed, _IMAGE, index), lesion)
    if modality == "ct":
        return np.rint(values).astype(np.int16), mask
    return np.rint(values).astype(np.uint8), mask


def _burn_in(
    pixels: NDArray[np.int16] | NDArray[np.uint8],
    mask: NDArray[np.bool_],
    generator: np.random.Generator,
    modality: str,
    label: str,
) -> None:
    """Draws an R or L into a corner of most diseased and few healthy images, never on the lesion."""
    chance, letter, jitter = generator.uniform(), generator.choice(("R", "L")), generator.integers(0, 3, 2)
    if chance >= (SHORTCUT_HEALTHY if label == LABELS[modality][0] else SHORTCUT_DISEASED):
        return
    zoom, size = max(1, round(len(pixels) / 64)), len(pixels)
    drawn = np.kron([[int(dot) for dot in row] for row in _LETTERS[letter]], np.ones((zoom, zoom))) > 0
    top, near = (int(1 + step) * zoom for step in jitter)
    left = near if letter == "R" else size - near - drawn.shape[1]
    place = (slice(top, top + drawn.shape[0]), slice(left, left + drawn.shape[1]))
    pixels[place][drawn & ~mask[place]] = _MARKER_VALUE[modality]


def _check(modality: str, number: int, size: int, seed: int) -> None:
    """Refuses arguments outside their ranges, with all faults in one message."""
    faults: list[str] = []
    if modality not in MODALITIES:
        faults.append(describe("unknown modality", repr(modality), ", ".join(MODALITIES), "Choose one of these."))
    if number < 1:
        faults.append(describe("too few phantoms", number, "1 or more (an index: 0 or more)", "Ask for at least one."))
    if not 32 <= size <= 512:
        faults.append(describe("size out of range", size, "32 to 512 pixels", "Choose a size such as 64, 128 or 256."))
    if seed < 0:
        faults.append(describe("negative seed", seed, "0 or more", "Choose another seed."))
    if faults:
        raise ValueError("\n".join(faults))
