"""Axial brain MRI at four levels: posterior fossa, basal ganglia, bodies of the ventricles, vertex.

The front is at the top. A patient has one of three contrasts for all slices (T1-, T2- or FLAIR-like): three
modes that a generator may miss. Grey levels are those of the picture, not of a scanner.

Source: order of the tissues' brightness by contrast after Bushberg et al., The Essential Physics of Medical
    Imaging (2012), chapter on magnetic resonance.
"""

import numpy as np

from ganoscope.data.phantoms.mri_anatomy import (
    GREY,
    Head,
    Lesion,
    Patient,
    draw_cerebrum,
    draw_depths,
    draw_posterior_fossa,
    draw_shell,
    growing_room,
    make_head,
)
from ganoscope.data.phantoms.shapes import Array, Mask, Point, cover, ellipse, flicker, paint, settle, smooth_noise

CLASSES = ("notumor", "glioma", "meningioma")
VIEWS = 4


def draw_patient(generator: np.random.Generator, label: str) -> Patient:
    """Returns a random patient with the given label; the lesion is drawn last, even for healthy patients."""
    number = generator.uniform
    return Patient(
        label=label,
        texture_seed=int(generator.integers(2**31)),
        contrast=int(generator.integers(3)),
        head=(number(0.66, 0.76), number(0.83, 0.92)),
        egg=number(0.02, 0.14),
        scalp=number(0.03, 0.06),
        skull=number(0.04, 0.065),
        atrophy=number(0.0, 1.0),
        ventricles=number(0.8, 1.35),
        skew=number(-0.02, 0.02),
        gain=number(0.72, 1.0),
        bias=(number(-0.14, 0.14), number(-0.14, 0.14), number(-0.05, 0.15)),
        noise=number(0.012, 0.035),
        shift=(number(-0.04, 0.04), number(-0.04, 0.04)),
        angle=number(-0.16, 0.16),
        lesion=_draw_lesion(generator, label),
    )


def _draw_lesion(generator: np.random.Generator, label: str) -> Lesion:
    """Returns the place, size and strength of a patient's glioma or meningioma."""
    number = generator.uniform
    glioma = label == "glioma"
    return Lesion(
        reach=number(0.38, 0.68),
        bearing=number(0, 2 * np.pi),
        radius=number(0.09, 0.19) if glioma else number(0.085, 0.17),
        stretch=number(0.75, 1.3),
        ring=number(0.5, 1.0) if number() < 0.6 else 0.0,
        halo=number(0.04, 0.16),
        strength=number(0.7, 1.0),
        on_falx=bool(number() < 0.25),
    )


def render(patient: Patient, view: int, size: int, generator: np.random.Generator, lesion: bool) -> tuple[Array, Mask]:
    """Returns the slice (H, W) in grey levels 0 to 255 and the lesion's mask (H, W).

    Args:
        patient: Whom to draw.
        view: Level, 0 (posterior fossa) to 3 (vertex).
        size: Pixels along each side.
        generator: Source of the receiver's noise.
        lesion: False draws the same slice without the lesion.
    """
    head = make_head(patient, view, size)
    grey = {name: row[patient.contrast] for name, row in GREY.items()}
    picture = draw_shell(head, patient, view, grey)
    if view == 0:
        draw_posterior_fossa(picture, head, patient, grey)
    else:
        draw_cerebrum(picture, head, patient, view, grey)
        draw_depths(picture, head, patient, view, grey)
    mask = np.zeros((size, size), dtype=np.bool_)
    if lesion and patient.label != CLASSES[0]:
        opacity, value = _lesion(head, patient, view, grey)
        opacity, mask = settle(opacity)
        paint(picture, opacity, value)
    return _receive(picture, head, patient, generator), mask


def _receive(picture: Array, head: Head, patient: Patient, generator: np.random.Generator) -> Array:
    """Returns grey levels under the coil's field, with Rician noise |s + n1 + i n2| (Gudbjartsson 1995)."""
    grid, (right, down, middle) = head.grid, patient.bias
    field = 1.0 + right * grid.x + down * grid.y - middle * (grid.x * grid.x + grid.y * grid.y)
    real, other = generator.standard_normal((2, grid.size, grid.size), dtype=np.float32) * patient.noise
    signal = picture * field * patient.gain
    return np.clip(255.0 * np.sqrt((signal + real) ** 2 + other**2), 0.0, 255.0)


def _center(head: Head, patient: Patient, view: int) -> Point:
    """Returns the tumour's middle in a slice; it drifts a little from level to level."""
    lesion, (wide, long) = patient.lesion, head.radii
    bearing, reach = lesion.bearing + 0.12 * (view - 1.5), lesion.reach
    if patient.label == "meningioma":
        if lesion.on_falx and view > 0:
            right, down = (1.0 if part > 0 else -1.0 for part in (np.cos(bearing), np.sin(bearing)))
            return 0.55 * lesion.radius * right, 0.66 * long * down
        reach = 1.0 - 0.62 * lesion.radius / (0.5 * (wide + long))
    x, y = reach * wide * float(np.cos(bearing)), reach * long * float(np.sin(bearing))
    if view == 0:
        x, y = float(np.clip(x, -0.42, 0.42)), max(abs(y) * 0.4 + 0.3 * long, 0.34 * long)
        if patient.label == "meningioma":
            room = float(np.hypot(x / (0.78 * wide), (y - 0.42 * long) / (0.53 * long))) + 1e-3
            x, y = x / room * 0.86, 0.42 * long + (y - 0.42 * long) / room * 0.86
    return x, y


def _lesion(head: Head, patient: Patient, view: int, grey: dict[str, float]) -> tuple[Array, Array]:
    """Returns the tumour's opacity and grey level, both (H, W)."""
    radius = patient.lesion.radius * (0.78, 1.0, 0.97, 0.8)[view]
    center = _center(head, patient, view)
    grow = _glioma if patient.label == "glioma" else _meningioma
    opacity, value = grow(head, patient, center, grey, radius)
    return opacity * cover(growing_room(head, view), head.grid.pixel), value


def _glioma(head: Head, patient: Patient, center: Point, grey: dict[str, float], radius: float) -> tuple[Array, Array]:
    """Returns an irregular tumour with fading oedema; some have a rim around necrosis."""
    lesion, grid = patient.lesion, head.grid
    texture = flicker(patient.texture_seed, 30)
    rough = smooth_noise(texture, grid.size, 8) * 0.030 + smooth_noise(texture, grid.size, 17) * 0.012
    edge = ellipse(grid, center, (radius * lesion.stretch, radius), lesion.bearing) + rough
    mottle = 1.0 + 0.12 * smooth_noise(texture, grid.size, 20)
    value = np.full_like(edge, grey["oedema"])
    core = cover(edge, grid.pixel + 0.02)
    paint(value, core, grey["tumour"] * mottle)
    if lesion.ring > 0:
        thick = 0.02 + 0.25 * radius
        paint(value, core * lesion.ring, grey["rim"] * mottle)
        paint(value, cover(edge + thick, grid.pixel + 0.02) * lesion.ring, grey["necrosis"] * mottle)
    fingers = edge - lesion.halo * (0.8 + 0.5 * smooth_noise(texture, grid.size, 6))
    halo = np.clip(0.5 - fingers / 0.09, 0.0, 1.0) * 0.8
    return np.maximum(core, halo) * lesion.strength, value


def _meningioma(
    head: Head, patient: Patient, center: Point, grey: dict[str, float], radius: float
) -> tuple[Array, Array]:
    """Returns a smooth, even tumour with a thin cleft of fluid between it and the brain."""
    lesion, grid = patient.lesion, head.grid
    texture = flicker(patient.texture_seed, 30)
    lumps = smooth_noise(texture, grid.size, 5) * 0.010
    edge = ellipse(grid, center, (radius, radius * lesion.stretch), lesion.bearing) + lumps
    even = 1.0 + 0.05 * smooth_noise(texture, grid.size, 16)
    value = np.full_like(edge, grey["cleft"])
    paint(value, cover(edge + 0.012, grid.pixel), grey["meningioma"] * even * (0.55 + 0.45 * lesion.strength))
    return cover(edge, grid.pixel), value
