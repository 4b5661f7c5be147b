"""Computes the healthy chest of a radiograph: thickness in cm of each tissue along the beam."""

from dataclasses import dataclass

import numpy as np

from ganoscope.data.phantoms.shapes import (
    Array,
    Grid,
    Point,
    bar,
    carve,
    cover,
    curve,
    ellipse,
    flicker,
    join,
    smooth_noise,
    strokes,
    superellipse,
    tree,
)

RIBS = 10


@dataclass(frozen=True)
class Lesion:
    """A lesion in one lung: position `across`, `down` in [-1, 1] from its centre, `radius` in half lung widths."""

    side: int
    across: float
    down: float
    radius: float
    tilt: float
    strength: float


@dataclass(frozen=True)
class Patient:
    """Properties common to all radiographs of a patient: build, heart, skeleton, breath and the lesion."""

    label: str
    texture_seed: int
    width: float
    height: float
    depth_cm: float
    heart: float
    axis: float
    knob: float
    bone: float
    slope: float
    breasts: float
    bubble: float
    shoulders: float
    lesion: Lesion


@dataclass(frozen=True)
class Film:
    """Properties of one radiograph: positioning, depth of breath, and the exposure curve."""

    shift: Point
    angle: float
    scale: float
    turn: float
    breath: float
    darkness: float
    contrast: float
    noise: float
    scatter: float


@dataclass(frozen=True)
class Chest:
    """Signed distances to the organs of one radiograph, (H, W) each, used by several layers."""

    lungs: Array
    heart: Array
    domes: Array
    body: Array


def lung_shape(patient: Patient, film: Film, side: int) -> tuple[Point, Point]:
    """Returns centre and half axes of the outer boundary of a lung.

    Args:
        patient: Patient to draw.
        film: Positioning and exposure of the radiograph.
        side: -1 for the left side of the image, 1 for the right.
    """
    wide, high = patient.width, patient.height
    return (side * 0.33 * wide + film.turn * 0.5, -0.02), (0.335 * wide * (1 + 0.4 * film.breath), 0.70 * high)


def make_chest(grid: Grid, patient: Patient, film: Film) -> Chest:
    """Returns the signed distances to lungs, heart, domes of the diaphragm and body.

    Args:
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        film: Positioning and exposure of the radiograph.
    """
    sides: list[Array] = []
    domes: list[Array] = []
    for side in (-1, 1):
        center, radii = lung_shape(patient, film, side)
        sides.append(superellipse(grid, center, radii, 2.3))
        top = 0.40 * patient.height + film.breath + (0.05 if side > 0 else 0.0)
        domes.append(ellipse(grid, (center[0] * 0.95, top + 0.38), (0.42 * patient.width, 0.38)))
    middle = ellipse(grid, (film.turn, 0.80 * patient.height + film.breath), (0.34, 0.37))
    dome = join(join(domes[0], domes[1], 0.04), middle, 0.06)
    middle = np.abs(grid.x - film.turn) - 0.02
    lungs = carve(carve(np.minimum(sides[0], sides[1]), dome, 0.02), middle, 0.03)
    return Chest(lungs, _heart(grid, patient, film), dome, _body(grid, patient))


def _body(grid: Grid, patient: Patient) -> Array:
    """Returns the distance to neck, shoulders, upper arms and trunk."""
    trunk = superellipse(grid, (0.0, 0.45), (0.80 * patient.width, 1.35), 3.0)
    neck = np.maximum(np.abs(grid.x) - 0.22 * patient.width, grid.y + 0.3)
    body = join(trunk, neck, 0.25)
    for side in (-1, 1):
        elbow = (side * (1.12 + patient.shoulders), 0.5)
        arm = bar(grid, (side * 0.74, -0.60 + patient.shoulders), elbow, (0.19, 0.17))
        body = join(body, arm, 0.12)
    return body


def _heart(grid: Grid, patient: Patient, film: Film) -> Array:
    """Returns the distance to the heart's shadow, the aortic knob and the great vessels."""
    size, drop = patient.heart * patient.width, 0.2 + film.breath
    shift = film.turn * 1.3
    left = ellipse(grid, (0.125 + shift, drop + 0.01), (0.315 * size, 0.215 * size), 0.62 + patient.axis)
    right = ellipse(grid, (-0.035 + shift, drop), (0.155 * size, 0.22 * size))
    heart = join(left, right, 0.08)
    stem = bar(grid, (0.0 + shift, -0.8), (0.02 + shift, drop), (0.10, 0.13))
    trunk = ellipse(grid, (0.085 + shift, -0.09 + film.breath), (0.085, 0.11))
    knob = ellipse(grid, (0.075 + shift, -0.29 + 0.5 * film.breath), (0.085 * patient.knob, 0.085 * patient.knob))
    heart = join(join(heart, trunk, 0.06), stem, 0.06)
    return join(heart, knob, 0.03)


def compute_lung_depth(grid: Grid, patient: Patient, chest: Chest) -> Array:
    """Returns the thickness of lung in cm, shape (H, W): rounded, thinner in front of the heart.

    Args:
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        chest: Distances to the organs.
    """
    bag = np.clip(-chest.lungs / 0.24, 0.0, 1.0)
    depth = np.sqrt(np.maximum(1.0 - (1.0 - bag) ** 2, 0.0)) * cover(chest.lungs, grid.pixel)
    behind = np.clip(-chest.heart / 0.10, 0.0, 1.0)
    depth *= 1.0 - 0.80 * np.sqrt(np.maximum(1.0 - (1.0 - behind) ** 2, 0.0))
    lobes = 1.0 + 0.03 * smooth_noise(flicker(patient.texture_seed, 1), grid.size, 5)
    return depth * lobes * (0.62 * patient.depth_cm)


def compute_body_depth(grid: Grid, patient: Patient, chest: Chest) -> Array:
    """Returns the thickness of soft tissue in cm, shape (H, W), including the lungs, with breasts and neck.

    Args:
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        chest: Distances to the organs.
    """
    inner = np.clip(-chest.body / 0.42, 0.0, 1.0)
    depth = np.sqrt(np.maximum(1.0 - (1.0 - inner) ** 2, 0.0)) * patient.depth_cm
    depth *= 0.80 + 0.16 * np.clip(grid.y + 0.5, 0.0, 1.2)
    depth += 1.0 * np.clip(-chest.heart / 0.15, 0.0, 1.0)
    depth += 2.5 * np.clip(-chest.domes / 0.3, 0.0, 1.0)
    for side in (-1, 1):
        breast = ellipse(grid, (side * 0.44 * patient.width, 0.25), (0.31 * patient.width, 0.30))
        depth += 4.0 * patient.breasts * np.sqrt(np.clip(-breast / 0.3, 0.0, 1.0))
    muscle = smooth_noise(flicker(patient.texture_seed, 2), grid.size, 6) * 0.35
    return np.maximum(depth + muscle, 0.0) * cover(chest.body, grid.pixel)


def compute_vessels(grid: Grid, patient: Patient, film: Film, chest: Chest) -> Array:
    """Returns the thickness of blood in cm, shape (H, W): hila, and vessels that branch outwards.

    Args:
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        film: Positioning and exposure of the radiograph.
        chest: Distances to the organs.
    """
    texture = flicker(patient.texture_seed, 3)
    rows: list[Array] = []
    for side in (-1, 1):
        fan = np.linspace(-1.25, 1.3, 8) + texture.normal(0, 0.12, 8)
        heading = fan if side > 0 else np.pi - fan
        rise = 0.04 if side < 0 else 0.0
        start_y = -0.06 + rise + 0.07 * np.sin(fan) + 0.6 * film.breath
        start_x = side * 0.15 + 0.02 * np.cos(heading) + film.turn
        length = texture.uniform(0.14, 0.22, 8) * (1.0 + 0.2 * (fan > 0.3))
        radius = texture.uniform(0.016, 0.025, 8) * (1.0 + 0.25 * np.sin(fan))
        roots = np.column_stack([start_x, start_y, heading, length, radius]).astype(np.float32)
        rows.append(tree(texture, roots, 5, 0.33))
    segments = np.concatenate(rows)
    segments[:, 4:] *= 0.8
    thin = np.sqrt(np.minimum(strokes(grid, segments), 4.0)) * 1.15
    y = -0.04 + 0.6 * film.breath
    hilum = [ellipse(grid, (side * 0.16 + film.turn, y), (0.06, 0.11), -0.3 * side) for side in (-1, 1)]
    root = np.clip(0.5 - np.minimum(hilum[0], hilum[1]) / 0.11, 0.0, 1.0) * 2.0
    return (thin + root) * cover(chest.lungs, 0.03)


def compute_gas(grid: Grid, patient: Patient, film: Film, chest: Chest) -> Array:
    """Returns the thickness of gas in cm, shape (H, W), in trachea, main bronchi and stomach.

    Args:
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        film: Positioning and exposure of the radiograph.
        chest: Distances to the organs.
    """
    carina = (0.005 + film.turn, -0.2 + 0.4 * film.breath)
    pipe = bar(grid, (film.turn * 1.2, -1.1), carina, (0.04, 0.04))
    for side in (-1, 1):
        end = (side * 0.14 + film.turn, carina[1] + 0.13)
        pipe = np.minimum(pipe, bar(grid, carina, end, (0.03, 0.022)))
    gas = 1.7 * np.sqrt(np.clip(-pipe / 0.04, 0.0, 1.0))
    top = 0.45 * patient.height + film.breath
    bubble = ellipse(grid, (0.27 * patient.width, top + 0.12), (0.15, 0.085 + 0.05 * patient.bubble), 0.15)
    return gas + 7.0 * patient.bubble * np.sqrt(np.clip(-bubble / 0.1, 0.0, 1.0)) * cover(chest.domes + 0.02, 0.03)


def compute_skeleton(grid: Grid, patient: Patient, film: Film) -> Array:
    """Returns the thickness of cortical bone in cm, shape (H, W): ribs, spine, clavicles, scapulae and humeri.

    Args:
        grid: Grid of the image, shape (H, W).
        patient: Patient to draw.
        film: Positioning and exposure of the radiograph.
    """
    cage = np.concatenate([_rib(patient, film, side, number) for side in (-1, 1) for number in range(RIBS)])
    ribs = 0.40 * np.minimum(strokes(grid, cage, 0.3), 2.6)
    collar = np.concatenate([_clavicle(patient, film, side) for side in (-1, 1)])
    bones = ribs + 0.6 * np.minimum(strokes(grid, collar, 0.3), 2.0)
    return (bones + _spine(grid, patient, film) + _shoulders(grid, patient)) * patient.bone


def _rib(patient: Patient, film: Film, side: int, number: int) -> Array:
    """Returns the segments of one rib, a tilted ring seen from the front.

    Behind, it climbs away from the spine; it then runs outwards and, in front, down to its cartilage,
    where it fades.
    """
    turn = np.linspace(0.12, 2.45 - 0.06 * number, 18)
    part = number / (RIBS - 1)
    (_, y), (_, high) = lung_shape(patient, film, side)
    top = y - 0.96 * high + part * 1.48 * high
    reach = 0.67 * patient.width * np.sqrt(max(1.0 - (1.0 - min(part * 1.6 + 0.16, 1.0)) ** 2, 0.05)) + 0.01
    drop = patient.slope * (0.5 + 0.5 * min(1.0, 1.7 * part + 0.3)) * (1.0 + 0.8 * film.breath)
    x = side * (0.05 + (reach - 0.05) * np.sin(turn)) + film.turn * np.cos(turn)
    fall = top + drop * (1.0 - np.cos(turn)) / 2.0 - 0.035 * np.sin(np.minimum(turn, 1.2) * 2.6)
    fade = np.clip((2.75 - turn) / 0.8, 0.3, 1.0)
    radius = (0.026 + 0.006 * part) * patient.width * np.where(turn > 1.7, 1.12, 1.0) * np.sqrt(fade)
    return curve(np.column_stack([x, fall]), radius)


def _clavicle(patient: Patient, film: Film, side: int) -> Array:
    """Returns the segments of a clavicle, a flat S from beside the spine to the shoulder."""
    part = np.linspace(0.0, 1.0, 12)
    x = side * (0.07 + 0.62 * patient.width * part) + film.turn * (1.0 - part) * 1.4
    y = -0.58 * patient.height - 0.15 * part + 0.035 * np.sin(2 * np.pi * part) + patient.shoulders * part
    return curve(np.column_stack([x, y]), (0.03 + 0.02 * np.abs(part - 0.45)) * np.clip(9.0 * (1.02 - part), 0.15, 1.0))


def _spine(grid: Grid, patient: Patient, film: Film) -> Array:
    """Returns centimetres of bone of the vertebral column: bodies, discs, pedicles and spinous processes."""
    x = grid.x - 0.7 * film.turn - 0.012 * np.sin(2.2 * grid.y + patient.axis * 20)
    pitch = 0.135 + 0.03 * (grid.y + 1.0) / 2
    phase = np.mod((grid.y + 1.2) / pitch, 1.0) - 0.5
    half = 0.062 + 0.012 * (grid.y + 1.0) / 2 + 0.006 * np.cos(2 * np.pi * phase + np.pi)
    column = cover(np.abs(x) - half, grid.pixel + 0.01)
    plate = np.clip((np.abs(phase) - 0.33) / 0.08, 0.0, 1.0) * np.clip((0.5 - np.abs(phase)) / 0.05, 0.0, 1.0)
    disc = np.clip((np.abs(phase) - 0.42) / 0.05, 0.0, 1.0)
    bone = column * (0.38 + 0.34 * plate - 0.28 * disc)
    eye = np.hypot((np.abs(x) - 0.042) / 0.015, (phase + 0.12) * pitch / 0.022)
    bone += 0.25 * np.clip(1.6 - 1.8 * np.abs(eye - 0.9), 0.0, 1.0)
    thorn = np.hypot(x / 0.013, (phase - 0.2) * pitch / 0.03)
    return bone + 0.3 * np.clip(1.5 - thorn, 0.0, 1.0)


def _shoulders(grid: Grid, patient: Patient) -> Array:
    """Returns centimetres of bone of scapulae (faint, over the upper outer lungs) and humeri."""
    bone = np.zeros_like(grid.x)
    lift = patient.shoulders
    for side in (-1, 1):
        corner = (side * 0.70 * patient.width, -0.50 + lift)
        blade = bar(grid, corner, (side * 0.60 * patient.width, -0.02), (0.085, 0.02))
        bone += cover(blade, 0.03) * 0.22 + cover(np.abs(blade) - 0.006, 0.02) * 0.25
        head = ellipse(grid, (side * 0.86, -0.60 + lift), (0.095, 0.1))
        shaft = bar(grid, (side * 0.87, -0.56 + lift), (side * (1.12 + lift), 0.5), (0.05, 0.045))
        humerus = join(head, shaft, 0.04)
        bone += cover(humerus, grid.pixel + 0.01) * 0.9 + cover(np.abs(humerus + 0.012) - 0.01, 0.02) * 0.6
    return bone
