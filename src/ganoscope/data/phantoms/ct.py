"""Axial chest CT in Hounsfield units: four levels from the apices to the dome of the liver.

Radiological convention: the patient's right is on the left of the picture, the front is at the top, the couch
below.

Source: tissue values lie in the ranges given by Hofer, CT Teaching Manual (2007), and Buzug, Computed
    Tomography (2008).
"""

import numpy as np

from ganoscope.data.phantoms.ct_anatomy import (
    LEVELS,
    PLAN,
    Lesion,
    Patient,
    draw_airways,
    draw_belly,
    draw_mediastinum,
    draw_wall,
    fill_lungs,
    lung_distance,
    lung_shape,
)
from ganoscope.data.phantoms.ct_bones import draw_bones
from ganoscope.data.phantoms.shapes import (
    Array,
    Grid,
    Mask,
    Point,
    blur,
    cover,
    ellipse,
    flicker,
    grain,
    paint,
    place,
    settle,
    smooth_noise,
    strokes,
    tree,
)

CLASSES = ("normal", "nodule", "consolidation")
VIEWS = 4


def draw_patient(generator: np.random.Generator, label: str) -> Patient:
    """Returns a random patient with the given label; the lesion is drawn last, even for healthy patients."""
    number = generator.uniform
    enhanced = number() < 0.4
    return Patient(
        label=label,
        texture_seed=int(generator.integers(2**31)),
        levels=tuple(float(np.clip(t + number(-0.06, 0.06), 0, 1)) for t in (0.06, 0.36, 0.69, 0.93)),
        build=(number(0.9, 1.06), number(0.9, 1.1)),
        inflation=number(0.9, 1.04),
        fat=number(0.02, 0.10),
        heart=number(0.86, 1.16),
        lung_hu=number(-885.0, -790.0),
        contrast_hu=number(90.0, 260.0) if enhanced else number(0.0, 8.0),
        noise_hu=number(10.0, 32.0),
        couch=number(0.03, 0.1) if number() < 0.7 else 2.0,
        shift=(number(-0.05, 0.05), number(-0.08, 0.04)),
        angle=number(-0.07, 0.07),
        scale=number(1.0, 1.13),
        lesion=_draw_lesion(generator, label),
    )


def _draw_lesion(generator: np.random.Generator, label: str) -> Lesion:
    """Returns the place, size and strength of a patient's nodules or a consolidation."""
    number = generator.uniform
    bearing = number(-2.6, 2.6) if label == "nodule" else number(0.3, 1.9) * (1 if number() < 0.75 else -0.6)
    return Lesion(
        side=int(generator.choice((-1, 1))),
        reach=number(0.2, 0.75),
        bearing=bearing,
        radius=number(0.052, 0.115) if label == "nodule" else number(0.16, 0.30),
        others=int(generator.choice((0, 0, 0, 1, 2))),
        spicules=number(0.0, 0.45),
        strength=number(0.75, 1.0),
    )


def render(patient: Patient, view: int, size: int, generator: np.random.Generator, lesion: bool) -> tuple[Array, Mask]:
    """Returns the slice (H, W) in HU and the lesion's mask (H, W).

    Args:
        patient: Whom to draw.
        view: Level, 0 (apices) to 3 (dome of the liver).
        size: Pixels along each side.
        generator: Source of the quantum noise; all else comes from the patient.
        lesion: False draws the same slice without the lesion.
    """
    level = patient.levels[view]
    plan = {name: float(np.interp(level, LEVELS, row)) for name, row in PLAN.items()}
    sway = flicker(patient.texture_seed, view).uniform(-0.006, 0.006, 2)
    shift = (patient.shift[0] + float(sway[0]), patient.shift[1] + float(sway[1]))
    grid = place(size, shift, patient.angle, patient.scale)
    lungs = lung_distance(grid, patient, plan)
    hu, body = draw_wall(grid, patient, plan)
    draw_mediastinum(hu, grid, patient, plan)
    air = cover(lungs, grid.pixel)
    fill_lungs(hu, air, grid, patient, plan)
    draw_belly(hu, grid, patient, plan)
    soft = hu.copy()
    draw_bones(hu, grid, patient, plan, view)
    hu = soft + body * (hu - soft)
    draw_airways(hu, grid, plan)
    mask = np.zeros((size, size), dtype=np.bool_)
    if lesion and patient.label != CLASSES[0]:
        opacity, value = _lesion(grid, patient, plan, air)
        opacity, mask = settle(opacity)
        paint(hu, opacity, value)
    hu += _quantum_noise(generator, grid, patient)
    return np.clip(hu, -1024.0, 1500.0), mask


def _quantum_noise(generator: np.random.Generator, grid: Grid, patient: Patient) -> Array:
    """Returns noise in HU, correlated by the kernel, strongest where most of the body is crossed."""
    fine = grain(generator, grid.size, 0.55)
    fine -= 0.5 * blur(fine, 1.3)
    thick = np.exp(-1.1 * (grid.x * grid.x + 1.6 * grid.y * grid.y))
    return fine * ((0.35 + 0.75 * thick) * patient.noise_hu)


def _spot(patient: Patient, plan: dict[str, float], number: int) -> Point:
    """Returns the centre of the lesion's part `number`: the place with room nearest to the one meant.

    The search runs on a fixed coarse grid, so it ends at the same place whatever the size of the picture.
    """
    lesion = patient.lesion
    coarse = place(40, (0.0, 0.0), 0.0, 1.0)
    depth = lung_distance(coarse, patient, plan)
    side = lesion.side * (-1) ** number
    (x, y), (wide, high) = lung_shape(patient, plan, side)
    bearing, reach = lesion.bearing + 1.9 * number, max(0.2, lesion.reach - 0.12 * number)
    x += side * wide * reach * float(np.cos(bearing))
    y += high * reach * float(np.sin(bearing))
    need = min(0.9 * lesion.radius, 0.10)
    lack = np.maximum(need + depth, 0.0)
    cost = np.hypot(coarse.x - x, coarse.y - y) + 12.0 * lack + (coarse.x * side < 0.0)
    best = int(np.argmin(cost))
    return float(coarse.x.flat[best]), float(coarse.y.flat[best])


def _lesion(grid: Grid, patient: Patient, plan: dict[str, float], air: Array) -> tuple[Array, Array]:
    """Returns the lesion's opacity within the lung and its HU, both (H, W)."""
    texture = flicker(patient.texture_seed, 40)
    if patient.label == "nodule":
        return _nodules(grid, patient, plan, texture) * air, np.full_like(air, 38.0)
    return _consolidation(grid, patient, plan, texture, air)


def _nodules(grid: Grid, patient: Patient, plan: dict[str, float], texture: np.random.Generator) -> Array:
    """Returns the opacity of one to three round or spiculated nodules."""
    lesion = patient.lesion
    total = np.zeros((grid.size, grid.size), dtype=np.float32)
    for number in range(lesion.others + 1):
        x, y = _spot(patient, plan, number)
        radius = lesion.radius * (1.0 if number == 0 else float(texture.uniform(0.55, 0.8)))
        phase = texture.uniform(0, 2 * np.pi, 3)
        turn = np.arctan2(grid.y - y, grid.x - x)
        lobes = 0.09 * np.cos(2 * turn + phase[0]) + 0.07 * np.cos(3 * turn + phase[1])
        edge = np.hypot(grid.x - x, grid.y - y) - radius * (1.0 + lobes)
        uneven = 0.55 + 0.45 * np.cos(turn * 2 + phase[0])
        spikes = np.maximum(np.cos(7 * turn + phase[2]), 0.0) ** 6 * uneven
        edge = edge - radius * 2.0 * lesion.spicules * spikes
        total = np.maximum(total, cover(edge, grid.pixel + 0.012))
    return total * lesion.strength


def _consolidation(
    grid: Grid, patient: Patient, plan: dict[str, float], texture: np.random.Generator, air: Array
) -> tuple[Array, Array]:
    """Returns opacity and HU of a fluffy lobar opacity with its air bronchograms."""
    lesion = patient.lesion
    x, y = _spot(patient, plan, 0)
    fluff = 0.06 * smooth_noise(texture, grid.size, 7) + 0.025 * smooth_noise(texture, grid.size, 18)
    edge = ellipse(grid, (x, y), (lesion.radius * 1.25, lesion.radius * 0.85), 0.4 * lesion.side) + fluff
    opacity = np.clip(0.5 - edge / 0.11, 0.0, 1.0) ** 0.8 * lesion.strength * air
    heading = float(np.arctan2(y - 0.05, x - 0.15 * lesion.side))
    length = 0.75 * lesion.radius
    start = (x - 1.3 * length * np.cos(heading), y - 1.3 * length * np.sin(heading))
    roots = np.array([[*start, heading + turn, length, 0.009] for turn in (-0.35, 0.25)], dtype=np.float32)
    bronchi = np.minimum(strokes(grid, tree(texture, roots, 4, 0.4)), 1.0)
    value = 20.0 + 25.0 * smooth_noise(texture, grid.size, 14) - 650.0 * bronchi
    return opacity, value.astype(np.float32)
