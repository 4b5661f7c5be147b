"""Draws the bones of a CT phantom in HU, at any level.

Source: tissue values lie in the ranges given by Hofer, CT Teaching Manual (2007), and Buzug, Computed
    Tomography (2008).
"""

import numpy as np

from ganoscope.data.phantoms.ct_anatomy import Patient, lung_shape
from ganoscope.data.phantoms.shapes import Array, Grid, Point, bar, cover, ellipse, flicker, join, paint, smooth_noise

CORTICAL_HU, MARROW_HU, CARTILAGE_HU = 800.0, 190.0, 110.0


def _bone(hu: Array, edge: Array, width: float, shell: float = 0.013) -> None:
    """Draws a bone: a cortical shell of the given thickness around marrow."""
    paint(hu, cover(edge, width), CORTICAL_HU)
    paint(hu, cover(edge + shell, width), MARROW_HU)


def draw_bones(hu: Array, grid: Grid, patient: Patient, plan: dict[str, float], view: int) -> None:
    """Draws ribs, vertebra, sternum, and at upper levels scapulae and clavicles.

    Args:
        hu: Image in HU, shape (H, W); changed in place.
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        plan: Plan of the chest at this level.
        view: Index of the level, from 0.
    """
    texture = flicker(patient.texture_seed, 30 + view)
    for side in (-1, 1):
        for bearing in np.linspace(-1.25, 1.45, 6) + texture.uniform(-0.12, 0.12, 6):
            shape = (float(bearing), float(texture.uniform(0.05, 0.085)))
            _rib(hu, grid, lung_shape(patient, plan, side), side, shape)
    _vertebra(hu, grid, patient, plan, texture)
    high = patient.build[1]
    front = plan["lung_y"] * high - plan["lung_high"] * high * patient.inflation
    wide = 0.05 + 0.05 * plan["great"] + 0.03 * plan["arch"]
    _bone(hu, ellipse(grid, (0.0, front + 0.015), (wide, 0.026)), grid.pixel, 0.011)
    if plan["lung_wide"] < 0.318:
        _shoulder(hu, grid, patient, plan)


def _rib(hu: Array, grid: Grid, lung: tuple[Point, Point], side: int, shape: Point) -> None:
    """Draws the oblique cut of a rib outside the lung; shape is (bearing, half length)."""
    (x, y), (wide, high) = lung
    bearing, length = shape
    cos, sin = float(np.cos(bearing)), float(np.sin(bearing))
    center = (x + side * (wide + 0.034) * cos, y + (high + 0.034) * sin)
    angle = float(np.arctan2((high + 0.03) * cos, -side * (wide + 0.03) * sin))
    edge = ellipse(grid, center, (length, 0.021), angle)
    if bearing < -0.9:
        paint(hu, cover(edge, grid.pixel), CARTILAGE_HU)
    else:
        _bone(hu, edge, grid.pixel, 0.009)


def _vertebra(hu: Array, grid: Grid, patient: Patient, plan: dict[str, float], texture: np.random.Generator) -> None:
    """Draws body, canal, laminae, and the transverse and spinous processes of a thoracic vertebra."""
    y = 0.265 * patient.build[1]
    for side in (-1, 1):
        wing = bar(grid, (side * 0.06, y + 0.10), (side * 0.14, y + 0.125), (0.022, 0.017))
        _bone(hu, wing, grid.pixel, 0.009)
        paint(hu, cover(bar(grid, (0.0, y + 0.165), (side * 0.07, y + 0.09), (0.016, 0.02)), grid.pixel), 600.0)
    room = plan["body_y"] * patient.build[1] - 0.06 - (y + 0.16)
    long = min(float(texture.uniform(0.05, 0.13)), max(room, 0.02))
    _bone(hu, bar(grid, (0.0, y + 0.16), (0.0, y + 0.16 + long), (0.019, 0.011)), grid.pixel, 0.008)
    body = join(ellipse(grid, (0.0, y), (0.09, 0.078)), ellipse(grid, (0.0, y + 0.03), (0.075, 0.05)), 0.03)
    trabeculae = smooth_noise(texture, grid.size, 40) * 35.0
    paint(hu, cover(body, grid.pixel), CORTICAL_HU * 0.8)
    paint(hu, cover(body + 0.012, grid.pixel), MARROW_HU + trabeculae)
    paint(hu, cover(ellipse(grid, (0.0, y + 0.112), (0.046, 0.04)), grid.pixel), 25.0)


def _shoulder(hu: Array, grid: Grid, patient: Patient, plan: dict[str, float]) -> None:
    """Draws scapulae and, at the apices, the medial ends of the clavicles."""
    wide, high = patient.build
    for side in (-1, 1):
        (x, y), (a, b) = lung_shape(patient, plan, side)
        near, half, far = (
            (x + side * (a + out) * float(np.cos(turn)), y + (b + out) * float(np.sin(turn)))
            for turn, out in ((1.0, 0.085), (0.62, 0.085), (0.22, 0.095))
        )
        blade = np.minimum(bar(grid, near, half, (0.011, 0.013)), bar(grid, half, far, (0.013, 0.024)))
        ridge = bar(grid, half, (half[0] + side * 0.05, half[1] + 0.055), (0.013, 0.014))
        _bone(hu, np.minimum(blade, ridge), grid.pixel, 0.012)
        if plan["arch"] > 0.5:
            rod = bar(grid, (side * 0.10, -0.25 * high), (side * 0.36 * wide, -0.22 * high), (0.036, 0.026))
            _bone(hu, rod, grid.pixel, 0.012)
