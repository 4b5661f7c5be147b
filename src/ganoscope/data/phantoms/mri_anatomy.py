"""The healthy head of an MRI phantom, at four levels.

Source: order of the tissues' brightness by contrast after Bushberg et al., The Essential Physics of Medical
    Imaging (2012), chapter on magnetic resonance.
"""

from dataclasses import dataclass

import numpy as np

from ganoscope.data.phantoms.shapes import (
    Array,
    Grid,
    Point,
    bar,
    cover,
    ellipse,
    flicker,
    join,
    paint,
    place,
    smooth_noise,
)

# Grey level 0 to 1 of each tissue in T1, T2, FLAIR. Tumours in T1 are drawn after contrast agent.
GREY: dict[str, tuple[float, float, float]] = {
    "fat": (0.92, 0.72, 0.80),
    "muscle": (0.38, 0.24, 0.32),
    "bone": (0.03, 0.04, 0.04),
    "marrow": (0.42, 0.28, 0.30),
    "csf": (0.11, 0.97, 0.09),
    "grey_matter": (0.39, 0.56, 0.57),
    "white_matter": (0.62, 0.35, 0.41),
    "deep_grey": (0.47, 0.44, 0.50),
    "iron": (0.52, 0.26, 0.36),
    "air": (0.01, 0.01, 0.01),
    "globe": (0.13, 0.95, 0.12),
    "oedema": (0.33, 0.80, 0.86),
    "tumour": (0.44, 0.70, 0.74),
    "necrosis": (0.16, 0.92, 0.34),
    "rim": (0.90, 0.58, 0.66),
    "meningioma": (0.86, 0.68, 0.72),
    "cleft": (0.13, 0.95, 0.12),
}


@dataclass(frozen=True)
class Lesion:
    """A tumour: `reach` (0 centre of the brain, 1 surface) and `bearing` give its position, `radius` in half images."""

    reach: float
    bearing: float
    radius: float
    stretch: float
    ring: float
    halo: float
    strength: float
    on_falx: bool


@dataclass(frozen=True)
class Patient:
    """Properties common to all slices of a patient: head, contrast, ventricles, coil and tumour."""

    label: str
    texture_seed: int
    contrast: int
    head: Point
    egg: float
    scalp: float
    skull: float
    atrophy: float
    ventricles: float
    skew: float
    gain: float
    bias: tuple[float, float, float]
    noise: float
    shift: Point
    angle: float
    lesion: Lesion


@dataclass(frozen=True)
class Head:
    """Frame of a slice: grid, size, and the signed distances (H, W) to skin and brain."""

    grid: Grid
    scale: float
    radii: Point
    skin: Array
    brain: Array


def make_head(patient: Patient, view: int, size: int) -> Head:
    """Returns the frame of a slice; heads are narrower in front and smaller towards the vertex.

    Args:
        patient: Patient to draw.
        view: Index of the level, from 0.
        size: Height and width in pixels.
    """
    scale = (0.97, 1.0, 0.97, 0.86)[view]
    grid = place(size, patient.shift, patient.angle, 1.0)
    taper = 1.0 + patient.egg * grid.y
    narrow = Grid(size, grid.x / taper, grid.y, grid.pixel)
    ripple = smooth_noise(flicker(patient.texture_seed, 1), size, 3) * 0.006
    radii = (patient.head[0] * scale, patient.head[1] * scale)
    skin = ellipse(narrow, (0.0, 0.0), radii) + ripple
    deep = patient.scalp + patient.skull + (0.03 if view == 3 else 0.0)
    inner = (radii[0] - deep, radii[1] - deep)
    return Head(grid, scale, inner, skin, ellipse(narrow, (0.0, 0.0), inner) + ripple)


def draw_shell(head: Head, patient: Patient, view: int, grey: dict[str, float]) -> Array:
    """Returns the image, shape (H, W), with scalp, skull (two dark tables around marrow) and fluid.

    Args:
        head: Frame of the slice.
        patient: Patient to draw.
        view: Index of the level, from 0.
        grey: Grey level, 0 to 1, by tissue.
    """
    pixel = head.grid.pixel
    picture = np.full_like(head.skin, grey["air"])
    paint(picture, cover(head.skin, pixel), grey["muscle"])
    paint(picture, cover(np.abs(head.skin + patient.scalp * 0.55) - patient.scalp * 0.4, pixel), grey["fat"])
    if view < 2:
        for side in (-1, 1):
            temple = ellipse(head.grid, (side * head.radii[0] * 1.06, -0.16), (0.055, 0.26), 0.16 * side)
            paint(picture, cover(temple, pixel) * cover(head.skin + patient.scalp * 0.8, pixel), grey["muscle"])
    paint(picture, cover(head.skin + patient.scalp, pixel), grey["bone"])
    middle = 0.5 * (head.skin + patient.scalp + head.brain)
    marrow = cover(np.abs(middle) - 0.14 * patient.skull, pixel)
    patches = np.clip(0.6 + 0.4 * smooth_noise(flicker(patient.texture_seed, 2), head.grid.size, 9), 0.0, 1.0)
    paint(picture, marrow * patches * 0.8, grey["marrow"])
    paint(picture, cover(head.brain, pixel), grey["csf"])
    return picture


def _furrows(head: Head, patient: Patient, view: int) -> Array:
    """Returns the distance (H, W) to the nearest sulcus: crossings of zero of a warped wave around the brain.

    The wave runs along the brain's edge, so sulci point inwards; the warp bends and joins them. They end at a
    depth that varies around the brain.
    """
    texture, size = flicker(patient.texture_seed, 10 + view), head.grid.size
    warp_x, warp_y = (smooth_noise(texture, size, 6) * 0.06 for _ in range(2))
    bend, cross, limit = (smooth_noise(texture, size, cells) for cells in (11, 10, 8))
    x, y = head.grid.x / head.radii[0] + warp_x, head.grid.y / head.radii[1] + warp_y
    wave = np.sin(10.0 * np.arctan2(y, x) + 1.5 * bend + float(texture.uniform(0, 6)))
    spacing = np.hypot(x, y) * 0.5 * (head.radii[0] + head.radii[1]) / 8.0
    deep = 0.18 + 0.08 * limit + (0.14 if view == 3 else 0.0)
    main = np.abs(wave) * spacing + 0.55 * np.maximum(-head.brain - deep, 0.0)
    side = np.abs(cross) * 0.055 + 0.55 * np.maximum(-head.brain - 0.09 - 0.04 * bend - 0.5 * (deep - 0.15), 0.0)
    return np.minimum(main, side) + 0.004 * np.maximum(bend, 0.0)


def draw_cerebrum(picture: Array, head: Head, patient: Patient, view: int, grey: dict[str, float]) -> None:
    """Draws white matter, folded cortex, sulci, the fissure between the hemispheres, insulae.

    Args:
        picture: Image, shape (H, W); changed in place.
        head: Frame of the slice.
        patient: Patient to draw.
        view: Index of the level, from 0.
        grey: Grey level, 0 to 1, by tissue.
    """
    grid, pixel = head.grid, head.grid.pixel
    gap = 0.010 + 0.016 * patient.atrophy
    surface = head.brain + gap
    sulci = _furrows(head, patient, view) - (0.001 + 0.010 * patient.atrophy)
    midline = np.abs(grid.x - patient.skew * np.cos(2.0 * grid.y)) - 0.005 - 0.006 * patient.atrophy
    if view < 3:
        midline = midline + 2.0 * np.maximum(0.34 - np.abs(grid.y + 0.03), 0.0) * (1.0 if view == 1 else 0.8)
    fluid = np.minimum(sulci, midline)
    if view == 1:
        fluid = np.minimum(fluid, _insulae(head, patient))
    fluid = np.minimum(fluid, -surface)
    brain = cover(surface, pixel)
    paint(picture, brain, grey["grey_matter"])
    ribbon = 0.031 + 0.005 * smooth_noise(flicker(patient.texture_seed, 15), grid.size, 10)
    paint(picture, cover(ribbon - fluid, pixel + 0.012) * brain, grey["white_matter"])
    paint(picture, cover(fluid, pixel) * brain, grey["csf"])
    falx = np.abs(grid.x - patient.skew * np.cos(2.0 * grid.y)) - 0.003
    shade = cover(falx, pixel) * cover(0.34 - np.abs(grid.y), 0.05) * brain
    paint(picture, shade * 0.5, grey["grey_matter"] * 0.7)


def _insulae(head: Head, patient: Patient) -> Array:
    """Returns the distance to the Sylvian fissures, which run in from the sides to the insulae."""
    away = np.full_like(head.brain, 9.0)
    wide, texture, plain = head.radii[0], flicker(patient.texture_seed, 16), head.grid
    x, y = (part + 0.028 * smooth_noise(texture, plain.size, 9) for part in (plain.x, plain.y))
    grid = Grid(plain.size, x, y, plain.pixel)
    for side in (-1, 1):
        stem = bar(grid, (side * wide * 0.98, -0.15), (side * wide * 0.63, -0.09), (0.012, 0.006))
        upper = bar(grid, (side * wide * 0.65, -0.22), (side * wide * 0.575, -0.07), (0.003, 0.006))
        lower = bar(grid, (side * wide * 0.575, -0.07), (side * wide * 0.66, 0.11), (0.006, 0.003))
        away = np.minimum(np.minimum(away, stem), np.minimum(upper, lower))
    return away - 0.008 * patient.atrophy


def draw_depths(picture: Array, head: Head, patient: Patient, view: int, grey: dict[str, float]) -> None:
    """Draws the deep grey nuclei and ventricles of the level.

    Args:
        picture: Image, shape (H, W); changed in place.
        head: Frame of the slice.
        patient: Patient to draw.
        view: Index of the level, from 0.
        grey: Grey level, 0 to 1, by tissue.
    """
    if view == 1:
        _nuclei(picture, head, patient, grey)
        _horns(picture, head, patient, grey)
    elif view == 2:
        _bodies(picture, head, patient, grey)
    if patient.contrast > 0 and patient.atrophy > 0.6 and view in (1, 2):
        _caps(picture, head, grey)


def _nuclei(picture: Array, head: Head, patient: Patient, grey: dict[str, float]) -> None:
    """Draws caudate, putamen with pallidum, and thalamus of both sides."""
    grid, soft = head.grid, head.grid.pixel + 0.015
    for side in (-1, 1):
        x = side + patient.skew * 3
        thalamus = ellipse(grid, (0.105 * x, 0.09), (0.085, 0.125), -0.45 * side)
        putamen = ellipse(grid, (0.265 * x, -0.09), (0.052, 0.155), -0.22 * side)
        pallidum = ellipse(grid, (0.205 * x, -0.06), (0.035, 0.085), -0.35 * side)
        caudate = ellipse(grid, (0.125 * x, -0.235), (0.038, 0.075), 0.25 * side)
        for nucleus in (thalamus, putamen, caudate):
            paint(picture, cover(nucleus, soft), grey["deep_grey"])
        paint(picture, cover(pallidum, soft), grey["iron"])


def _horns(picture: Array, head: Head, patient: Patient, grey: dict[str, float]) -> None:
    """Draws frontal horns, third ventricle, atria with choroid plexus, and the splenium."""
    grid, pixel, size = head.grid, head.grid.pixel, patient.ventricles
    paint(picture, cover(ellipse(grid, (0.0, 0.285), (0.16, 0.035)), pixel + 0.02), grey["white_matter"])
    for side in (-1, 1):
        lean = 1.0 + 4.0 * patient.skew * side
        bend = (side * 0.055 * lean, -0.26)
        frontal = bar(grid, (side * 0.022, -0.15), bend, (0.012 * size, 0.030 * size * lean))
        tip = bar(grid, bend, (side * 0.135 * lean, -0.365), (0.036 * size * lean, 0.018 * size))
        trigone = (side * 0.20 * lean, 0.29)
        atrium = bar(grid, (side * 0.155, 0.21), trigone, (0.016 * size, 0.040 * size * lean))
        tail = bar(grid, trigone, (side * 0.225, 0.46), (0.040 * size * lean, 0.010))
        paint(picture, cover(join(frontal, tip, 0.03), pixel), grey["csf"])
        paint(picture, cover(join(atrium, tail, 0.03), pixel), grey["csf"])
        plexus = ellipse(grid, (side * 0.195, 0.30), (0.016, 0.036), -0.3 * side)
        paint(picture, cover(plexus, pixel) * 0.7, grey["grey_matter"] * 1.1)
    third = bar(grid, (patient.skew, -0.04), (patient.skew, 0.14), (0.008 + 0.012 * patient.atrophy, 0.010))
    paint(picture, cover(third, pixel), grey["csf"])
    cistern = ellipse(grid, (0.0, 0.235), (0.05, 0.024))
    paint(picture, cover(cistern, pixel), grey["csf"])


def _bodies(picture: Array, head: Head, patient: Patient, grey: dict[str, float]) -> None:
    """Draws the two crescents of the lateral ventricles' bodies with the caudates at their sides."""
    grid, pixel, size = head.grid, head.grid.pixel, patient.ventricles
    for side in (-1, 1):
        lean = 1.0 + 5.0 * patient.skew * side
        tail = ellipse(grid, (side * (0.115 + 0.035 * size), -0.10), (0.028, 0.13), 0.12 * side)
        paint(picture, cover(tail, pixel + 0.015), grey["deep_grey"])
        first, second = (side * 0.062 * lean, -0.20), (side * 0.070, 0.08)
        front = bar(grid, (side * 0.125 * lean, -0.36), first, (0.012 * size, 0.036 * size * lean))
        middle = bar(grid, first, second, (0.036 * size * lean, 0.032 * size))
        back = bar(grid, second, (side * 0.17 * lean, 0.31), (0.036 * size, 0.014 * size))
        paint(picture, cover(join(join(front, middle, 0.03), back, 0.04), pixel), grey["csf"])


def _caps(picture: Array, head: Head, grey: dict[str, float]) -> None:
    """Draws the faint bright caps that ageing leaves around the horns: normal, yet a trap."""
    for side in (-1, 1):
        for y, x in ((-0.36, 0.15), (0.36, 0.27)):
            cap = ellipse(head.grid, (side * x, y), (0.035, 0.05), 0.3 * side)
            paint(picture, np.clip(0.5 - cap / 0.06, 0.0, 1.0) * 0.35, grey["oedema"])


def draw_posterior_fossa(picture: Array, head: Head, patient: Patient, grey: dict[str, float]) -> None:
    """Draws orbits, nasal air, temporal lobes, petrous bones, brainstem, fourth ventricle and cerebellum.

    Args:
        picture: Image, shape (H, W); changed in place.
        head: Frame of the slice.
        patient: Patient to draw.
        grey: Grey level, 0 to 1, by tissue.
    """
    grid, pixel = head.grid, head.grid.pixel
    clumps = 0.5 + 0.4 * smooth_noise(flicker(patient.texture_seed, 22), grid.size, 14)
    paint(picture, cover(head.brain, pixel), grey["bone"] + np.clip(clumps, 0.0, 1.0) * 0.5 * grey["marrow"])
    _temporal_lobes(picture, head, patient, grey)
    cave = np.maximum(growing_room(head, 0) - 0.015, head.brain + 0.004)
    paint(picture, cover(cave, pixel), grey["csf"])
    _cerebellum(picture, head, patient, grey, cave)
    stem = join(ellipse(grid, (0.0, 0.075), (0.15, 0.115)), ellipse(grid, (0.0, 0.18), (0.11, 0.09)), 0.05)
    paint(picture, cover(stem - 0.018, pixel + 0.01), grey["csf"])
    paint(picture, cover(stem, pixel + 0.01), 0.6 * grey["white_matter"] + 0.4 * grey["grey_matter"])
    fourth = ellipse(grid, (patient.skew, 0.285), (0.055 * patient.ventricles, 0.034 * patient.ventricles))
    paint(picture, cover(fourth, pixel), grey["csf"])
    paint(picture, cover(ellipse(grid, (0.0, -0.065), (0.026, 0.02)), pixel), grey["bone"])
    _orbits(picture, head, patient, grey)


def _temporal_lobes(picture: Array, head: Head, patient: Patient, grey: dict[str, float]) -> None:
    """Draws the poles of the temporal lobes in the middle fossae, and the sphenoid between them."""
    grid, pixel = head.grid, head.grid.pixel
    wide = head.radii[0]
    folds = smooth_noise(flicker(patient.texture_seed, 20), grid.size, 11)
    for side in (-1, 1):
        lobe = ellipse(grid, (side * 0.60 * wide, -0.11), (0.43 * wide, 0.27), -0.45 * side) + 0.022 * folds
        lobe = np.maximum(lobe, head.brain + 0.01)
        paint(picture, cover(lobe, pixel), grey["csf"])
        paint(picture, cover(lobe + 0.014, pixel), grey["grey_matter"])
        core = np.minimum(-lobe - 0.06, np.abs(folds) * 0.06 - 0.022 + 0.7 * np.maximum(-lobe - 0.11, 0.0))
        paint(picture, cover(-core, pixel + 0.015), grey["white_matter"])


def _cerebellum(picture: Array, head: Head, patient: Patient, grey: dict[str, float], cave: Array) -> None:
    """Draws both hemispheres with fine parallel folia around white matter, and the vermis."""
    grid, pixel = head.grid, head.grid.pixel
    wide, long = head.radii
    paint(picture, cover(cave + 0.018, pixel), grey["grey_matter"])
    wander = smooth_noise(flicker(patient.texture_seed, 21), grid.size, 8)
    leaves = np.sin(np.hypot(1.3 * grid.x, grid.y - 0.05) * 62.0 + 1.0 * wander)
    rim = np.clip((cave + 0.20) / 0.1, 0.0, 1.0) * cover(cave + 0.03, pixel)
    paint(picture, rim * np.clip(0.5 * leaves, 0.0, 0.5), grey["csf"])
    for side in (-1, 1):
        center = (side * 0.30 * wide, 0.46 * long)
        core = ellipse(grid, center, (0.20 * wide, 0.20 * long), 0.35 * side) + 0.02 * wander
        paint(picture, cover(core, 0.05) * 0.85, grey["white_matter"])
    vermis = ellipse(grid, (0.0, 0.60 * long), (0.05, 0.22 * long))
    stripes = np.clip(0.5 + 0.5 * np.sin(grid.y * 75.0), 0.0, 1.0)
    paint(picture, cover(vermis, pixel + 0.01) * (0.4 + 0.3 * stripes), grey["grey_matter"] * 0.85)


def _orbits(picture: Array, head: Head, patient: Patient, grey: dict[str, float]) -> None:
    """Draws orbital fat, globes with lenses, optic nerves, and the ethmoid's air between them."""
    grid, pixel, wide = head.grid, head.grid.pixel, head.radii[0]
    long = head.radii[1]
    inside = cover(head.skin + patient.scalp * 0.6, pixel)
    for side in (-1, 1):
        x, y = side * 0.44 * wide, -0.72 * long
        apex = bar(grid, (x, y), (side * 0.12, -0.36 * long), (0.12, 0.03))
        nerve = bar(grid, (x, y), (side * 0.11, -0.36 * long), (0.02, 0.018))
        cone = join(ellipse(grid, (x, y), (0.17, 0.13)), apex, 0.04)
        paint(picture, cover(cone, pixel) * inside, grey["fat"] * 0.9)
        paint(picture, cover(nerve, pixel) * inside, grey["muscle"])
        paint(picture, cover(ellipse(grid, (x, y - 0.03), (0.118, 0.112)), pixel) * inside, grey["bone"] + 0.1)
        paint(picture, cover(ellipse(grid, (x, y - 0.03), (0.108, 0.102)), pixel) * inside, grey["globe"])
        paint(picture, cover(ellipse(grid, (x, y - 0.11), (0.04, 0.018)), pixel) * inside, grey["muscle"])
    nose = ellipse(grid, (0.0, -0.64 * long), (0.10, 0.22))
    paint(picture, cover(nose, pixel) * inside, grey["muscle"])
    cells = np.abs(np.abs(grid.x) - 0.045) - 0.028
    paint(picture, cover(np.maximum(cells, nose + 0.03), pixel), grey["air"])


def growing_room(head: Head, view: int) -> Array:
    """Returns the signed distance, shape (H, W), to the part of the brain in which a tumour may grow."""
    if view > 0:
        return head.brain
    wide, long = head.radii
    return ellipse(head.grid, (0.0, 0.42 * long), (0.78 * wide, 0.53 * long))
