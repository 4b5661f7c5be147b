"""Draws the healthy chest of a CT phantom in HU, at any level.

Source: tissue values lie in the ranges given by Hofer, CT Teaching Manual (2007), and Buzug, Computed
    Tomography (2008).
"""

from dataclasses import dataclass

import numpy as np

from ganoscope.data.phantoms.shapes import (
    Array,
    Grid,
    Point,
    bar,
    carve,
    cover,
    ellipse,
    flicker,
    join,
    paint,
    smooth_noise,
    strokes,
    superellipse,
    tree,
)

AIR_HU, FAT_HU, MUSCLE_HU, BLOOD_HU = -1000.0, -100.0, 52.0, 44.0
LIVER_HU, SPLEEN_HU, FLUID_HU = 60.0, 50.0, 12.0
COUCH_HU = -150.0

# Rows of the plan of the chest at these levels: 0 apices, 1 dome of the liver. Lengths in half pictures.
LEVELS = (0.0, 0.35, 0.7, 1.0)
PLAN: dict[str, tuple[float, float, float, float]] = {
    "body_x": (0.80, 0.85, 0.86, 0.84),
    "body_y": (0.46, 0.56, 0.60, 0.61),
    "lung_x": (0.29, 0.355, 0.375, 0.385),  # centre of a lung, from the midline
    "lung_y": (0.06, 0.01, -0.01, 0.0),
    "lung_wide": (0.175, 0.295, 0.335, 0.345),
    "lung_high": (0.205, 0.365, 0.425, 0.43),
    "core": (0.115, 0.10, 0.085, 0.075),  # half width of the mediastinum
    "heart": (0.0, 0.0, 1.0, 0.85),
    "great": (0.0, 1.0, 0.0, 0.0),  # ascending aorta, pulmonary trunk, superior vena cava
    "arch": (1.0, 0.0, 0.0, 0.0),  # branches of the arch
    "airway": (0.042, 0.036, 0.0, 0.0),
    "liver": (-0.35, -0.35, -0.2, 1.0),  # height of the dome above the slice
}

CHAMBERS = (  # left and right ventricle, right and left atrium: centre, half axes, rotation
    ((0.17, -0.10), (0.13, 0.095), 0.6),
    ((0.04, -0.22), (0.13, 0.065), 0.5),
    ((-0.09, -0.12), (0.075, 0.09), 0.0),
    ((0.06, 0.0), (0.11, 0.05), 0.1),
)


@dataclass(frozen=True)
class Lesion:
    """A lesion in one lung: `reach` (0 centre, 1 wall) and `bearing` give its position."""

    side: int
    reach: float
    bearing: float
    radius: float
    others: int
    spicules: float
    strength: float


@dataclass(frozen=True)
class Patient:
    """Properties common to all slices of a patient: build, tissue values, levels and the lesion."""

    label: str
    texture_seed: int
    levels: tuple[float, ...]
    build: Point
    inflation: float
    fat: float
    heart: float
    lung_hu: float
    contrast_hu: float
    noise_hu: float
    couch: float
    shift: Point
    angle: float
    scale: float
    lesion: Lesion


def lung_shape(patient: Patient, plan: dict[str, float], side: int) -> tuple[Point, Point]:
    """Returns centre and half axes of the outer wall of a lung.

    Args:
        patient: Patient to draw.
        plan: Plan of the chest at this level.
        side: -1 for the left side of the image, 1 for the right.
    """
    wide, high = patient.build
    swell = patient.inflation
    center = (side * plan["lung_x"] * wide, plan["lung_y"] * high)
    return center, (plan["lung_wide"] * wide * swell, plan["lung_high"] * high * swell)


def _heart(grid: Grid, patient: Patient, plan: dict[str, float]) -> Array:
    """Returns the distance to the heart, which lies to the front and to the patient's left."""
    size = patient.heart * plan["heart"] * patient.build[0] + 1e-3
    left = ellipse(grid, (0.13 * patient.build[0], -0.12), (0.25 * size, 0.19 * size), 0.55)
    right = ellipse(grid, (-0.02, -0.16), (0.19 * size, 0.19 * size))
    return join(left, right, 0.06)


def _dome(grid: Grid, patient: Patient, plan: dict[str, float], side: int) -> Array:
    """Returns the distance to the diaphragm's dome of one side; the right one is higher."""
    height = max(plan["liver"] - (0.0 if side < 0 else 0.25), 0.0) ** 0.5 + 1e-3
    (x, y), (wide, high) = lung_shape(patient, plan, side)
    grow = (0.94 if side < 0 else 0.80) * wide * height, (0.82 if side < 0 else 0.68) * high * height
    return superellipse(grid, (x * 0.9, y - 0.14 * high), grow, 2.3)


def _core(grid: Grid, patient: Patient, plan: dict[str, float]) -> Array:
    """Returns the distance to all between the lungs: spine, vessels, heart, domes that push up."""
    high = patient.build[1]
    spine = ellipse(grid, (0.0, 0.30 * high), (0.135, 0.15))
    column = ellipse(grid, (0.0, -0.06), (plan["core"], 0.40 * high))
    inner = join(spine, column, 0.08)
    inner = join(inner, ellipse(grid, (0.125, 0.165 * high), (0.058, 0.058)), 0.04)
    if plan["great"] > 0.2:
        inner = join(inner, ellipse(grid, (0.02, -0.13), (0.175, 0.155)), 0.08)
    if plan["heart"] > 0.2:
        inner = join(inner, _heart(grid, patient, plan), 0.05)
    if plan["liver"] > 0.0:
        for side in (-1, 1):
            inner = join(inner, _dome(grid, patient, plan, side), 0.03)
    return inner


def lung_distance(grid: Grid, patient: Patient, plan: dict[str, float]) -> Array:
    """Returns the signed distance to the lungs, shape (H, W): the outer walls without what lies between them.

    Args:
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        plan: Plan of the chest at this level.
    """
    outer = [superellipse(grid, *lung_shape(patient, plan, side), 2.25) for side in (-1, 1)]
    return carve(np.minimum(outer[0], outer[1]), _core(grid, patient, plan), 0.05)


def draw_wall(grid: Grid, patient: Patient, plan: dict[str, float]) -> tuple[Array, Array]:
    """Returns HU of air, couch, fat and muscles, and the fraction of each pixel inside the skin, shape (H, W) each.

    Args:
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        plan: Plan of the chest at this level.
    """
    texture = flicker(patient.texture_seed, 10)
    ripple = smooth_noise(texture, grid.size, 5) * 0.009
    wide, high = patient.build
    hu = np.full((grid.size, grid.size), AIR_HU, dtype=np.float32)
    thick = patient.fat
    radii = ((plan["body_x"] - 0.08) * wide + thick, (plan["body_y"] - 0.07) * high + thick)
    _couch(hu, grid, patient.couch + radii[1])
    skin = superellipse(grid, (0.0, 0.01), radii, 2.5) + ripple * 0.4
    skin = carve(skin, ellipse(grid, (0.0, radii[1] + 0.05), (0.13, 0.075)), 0.06)
    paint(hu, cover(skin, grid.pixel), FAT_HU + smooth_noise(texture, grid.size, 24) * 7)
    rim = cover(np.abs(skin + 0.008) - 0.006, grid.pixel)
    paint(hu, rim * 0.7, 20.0)
    muscle = superellipse(grid, (0.0, 0.02), (radii[0] - thick * 1.25, radii[1] - thick * 0.9 - 0.01), 2.4)
    flesh = cover(muscle + ripple, grid.pixel * 1.2)
    paint(hu, flesh, MUSCLE_HU + smooth_noise(texture, grid.size, 20) * 5)
    _fat_planes(hu, grid, patient, plan, flesh)
    return hu, cover(skin + 0.012, grid.pixel)


def _couch(hu: Array, grid: Grid, depth: float) -> None:
    """Draws the curved couch with its bright shell under the back."""
    bow = grid.y - depth + 0.16 * grid.x * grid.x
    shell = np.minimum(np.abs(bow) - 0.006, np.abs(bow - 0.12) - 0.004)
    paint(hu, cover(shell, grid.pixel) * cover(np.abs(grid.x) - 0.9, grid.pixel), COUCH_HU)
    paint(hu, cover(np.abs(bow - 0.06) - 0.052, grid.pixel) * 0.9, -950.0)


def _fat_planes(hu: Array, grid: Grid, patient: Patient, plan: dict[str, float], flesh: Array) -> None:
    """Draws the fat between the layers of muscle, and the axillae at upper levels."""
    texture = flicker(patient.texture_seed, 11)
    wander = smooth_noise(texture, grid.size, 6)
    both = [superellipse(grid, *lung_shape(patient, plan, side), 2.2) for side in (-1, 1)]
    out = np.minimum(both[0], both[1]) + 0.012 * wander
    width = 0.007 + 0.09 * patient.fat
    for depth, part in ((0.085, 0.8), (0.15, 0.55), (0.23, 0.5)):
        streak = cover(np.abs(out - depth) - width * part, grid.pixel + 0.01)
        aside = np.clip(np.abs(grid.x) * 5.0 - 1.0, 0.0, 1.0)
        paint(hu, streak * flesh * aside * np.clip(0.45 + 0.5 * wander, 0.0, 0.85), FAT_HU)
    upper = max(0.0, 1.0 - plan["lung_wide"] / 0.33)
    if upper > 0.05:
        for side in (-1, 1):
            pit = ellipse(grid, (side * 0.56 * patient.build[0], -0.06), (0.09, 0.12), 0.3 * side)
            paint(hu, cover(pit + 0.02 * wander, 0.05) * min(1.0, 2.5 * upper) * flesh, FAT_HU)


def draw_mediastinum(hu: Array, grid: Grid, patient: Patient, plan: dict[str, float]) -> None:
    """Draws fat, great vessels, oesophagus and heart between the lungs.

    Args:
        hu: Image in HU, shape (H, W); changed in place.
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        plan: Plan of the chest at this level.
    """
    high = patient.build[1]
    fat = superellipse(grid, (0.0, -0.10), (0.20 + 0.1 * plan["heart"], 0.27 * high), 2.4)
    paint(hu, cover(fat, 0.05) * 0.95, FAT_HU + 15.0)
    blood = BLOOD_HU + patient.contrast_hu
    if plan["heart"] > 0.2:
        _draw_heart(hu, grid, patient, plan)
    if plan["great"] > 0.2:
        _draw_great_vessels(hu, grid, blood)
    if plan["arch"] > 0.2:
        for x, y, radius in ((-0.075, -0.06, 0.036), (0.045, -0.09, 0.03), (0.10, -0.01, 0.03), (0.085, -0.15, 0.044)):
            paint(hu, cover(ellipse(grid, (x, y), (radius, radius)), grid.pixel), blood)
        paint(hu, cover(ellipse(grid, (-0.085, -0.16), (0.055, 0.035), 0.4), grid.pixel), blood)
    paint(hu, cover(ellipse(grid, (0.035, 0.115 * high), (0.03, 0.022)), grid.pixel), 35.0)
    if plan["arch"] < 0.8:
        paint(hu, cover(ellipse(grid, (0.125, 0.165 * high), (0.052, 0.052)), grid.pixel), blood)


def _draw_great_vessels(hu: Array, grid: Grid, blood: float) -> None:
    """Draws ascending aorta, pulmonary trunk with its right branch, and superior vena cava at the carina."""
    paint(hu, cover(ellipse(grid, (-0.025, -0.16), (0.078, 0.074)), grid.pixel), blood)
    paint(hu, cover(ellipse(grid, (0.095, -0.145), (0.062, 0.082), 0.35), grid.pixel), blood * 1.05)
    paint(hu, cover(bar(grid, (0.08, -0.08), (-0.15, -0.015), (0.045, 0.036)), grid.pixel), blood * 1.05)
    paint(hu, cover(bar(grid, (0.1, -0.09), (0.19, 0.03), (0.05, 0.036)), grid.pixel), blood * 1.05)
    paint(hu, cover(ellipse(grid, (-0.125, -0.115), (0.038, 0.036)), grid.pixel), blood * 1.1)


def _draw_heart(hu: Array, grid: Grid, patient: Patient, plan: dict[str, float]) -> None:
    """Draws muscle and, with contrast agent, the brighter chambers."""
    size = patient.heart * plan["heart"] * patient.build[0]
    edge = _heart(grid, patient, plan)
    paint(hu, cover(edge + 0.012, grid.pixel), BLOOD_HU + 4.0 + 0.35 * patient.contrast_hu)
    for (x, y), (a, b), angle in CHAMBERS:
        room = ellipse(grid, (x * patient.build[0], y), (a * size, b * size), angle)
        paint(hu, cover(room, 0.03) * cover(edge + 0.02, grid.pixel), BLOOD_HU + 0.9 * patient.contrast_hu)


def fill_lungs(hu: Array, air: Array, grid: Grid, patient: Patient, plan: dict[str, float]) -> None:
    """Draws the lung parenchyma, denser towards the back because of gravity, with its vessels.

    Args:
        hu: Image in HU, shape (H, W); changed in place.
        air: Fraction of each pixel inside the lungs, shape (H, W).
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        plan: Plan of the chest at this level.
    """
    texture = flicker(patient.texture_seed, 20 + int(plan["lung_wide"] * 1000))
    tissue = patient.lung_hu + 45.0 * grid.y + smooth_noise(texture, grid.size, 22) * 14.0
    paint(hu, air, tissue)
    vessels = np.minimum(strokes(grid, _vessels(texture, patient, plan)), 1.0)
    paint(hu, vessels * air, 30.0 + 0.6 * patient.contrast_hu)


def _vessels(texture: np.random.Generator, patient: Patient, plan: dict[str, float]) -> Array:
    """Returns segments (S, 6) of the vessels: trees from both hila, and dots for crossing ones."""
    rows: list[Array] = []
    for side in (-1, 1):
        (x, y), (wide, high) = lung_shape(patient, plan, side)
        count = 6
        fan = np.linspace(-1.35, 1.35, count) + texture.normal(0, 0.2, count)
        heading = fan if side > 0 else np.pi - fan
        roots = np.column_stack(
            [
                np.full(count, x - side * wide * 0.72),
                y + 0.03 + high * np.linspace(-0.16, 0.2, count),
                heading,
                wide * texture.uniform(0.3, 0.5, count),
                wide * texture.uniform(0.024, 0.046, count),
            ]
        ).astype(np.float32)
        branches = tree(texture, roots, 5, 0.5)
        in_plane = texture.uniform(size=len(branches)) < np.repeat(
            (0.95, 0.75, 0.45, 0.34, 0.26), count * 2 ** np.arange(5)
        )
        rows.append(branches[in_plane])
        far = texture.uniform(0.1, 0.97, 90) ** 0.55
        turn = texture.uniform(0, 2 * np.pi, 90)
        dot = wide * (0.05 - 0.043 * far) * texture.uniform(0.35, 0.9, 90)
        px, py = x + wide * far * np.cos(turn), y + high * far * np.sin(turn)
        slant = texture.uniform(-0.9, 0.9, 90) * dot
        rows.append(np.column_stack([px - dot, py - slant, px + dot, py + slant, dot, dot * 0.8]).astype(np.float32))
    return np.concatenate(rows)


def draw_belly(hu: Array, grid: Grid, patient: Patient, plan: dict[str, float]) -> None:
    """Draws liver, spleen and a stomach with gas where the domes of the diaphragm reach the slice.

    Args:
        hu: Image in HU, shape (H, W); changed in place.
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        plan: Plan of the chest at this level.
    """
    if plan["liver"] <= 0.02:
        return
    gain = 0.28 * patient.contrast_hu
    edge = _dome(grid, patient, plan, -1)
    mottle = smooth_noise(flicker(patient.texture_seed, 12), grid.size, 9) * 4
    paint(hu, cover(edge + 0.006, grid.pixel), LIVER_HU + gain + mottle)
    if plan["liver"] < 0.3:
        return
    left = _dome(grid, patient, plan, 1)
    inside = cover(left + 0.006, grid.pixel)
    (x, y), (wide, high) = lung_shape(patient, plan, 1)
    paint(hu, inside, FAT_HU)
    spleen = ellipse(grid, (x + 0.4 * wide, y + 0.2 * high), (0.3 * wide, 0.5 * high), 0.3)
    paint(hu, inside * cover(spleen, grid.pixel), SPLEEN_HU + gain)
    stomach = ellipse(grid, (x - 0.1 * wide, y - 0.25 * high), (0.4 * wide, 0.36 * high), -0.3)
    paint(hu, inside * cover(stomach, grid.pixel), MUSCLE_HU)
    hollow = inside * cover(stomach + 0.02, grid.pixel)
    filling = float(flicker(patient.texture_seed, 13).uniform(-0.6, -0.2))
    fluid = cover(y + filling * high - grid.y, grid.pixel)
    paint(hu, hollow, FLUID_HU * fluid + -960.0 * (1.0 - fluid))


def draw_airways(hu: Array, grid: Grid, plan: dict[str, float]) -> None:
    """Draws the trachea, or the main bronchi below the carina, each with its wall.

    Args:
        hu: Image in HU, shape (H, W); changed in place.
        grid: Grid of the image, shape (H, W).
        plan: Plan of the chest at this level.
    """
    if plan["airway"] < 0.012:
        return
    split = min(1.0, max(0.0, 2.0 * plan["great"] - 0.8))
    for side in (-1, 1):
        center = (side * (0.052 * split + 1e-3), 0.055)
        radii = (plan["airway"] * (1.0 + 0.2 * split), plan["airway"] * 1.05)
        tube = ellipse(grid, center, radii, 0.5 * side * split)
        paint(hu, cover(tube - 0.012, grid.pixel), 30.0)
    for side in (-1, 1):
        center = (side * (0.052 * split + 1e-3), 0.055)
        radii = (plan["airway"] * (1.0 + 0.2 * split), plan["airway"] * 1.05)
        paint(hu, cover(ellipse(grid, center, radii, 0.5 * side * split), grid.pixel), -985.0)
