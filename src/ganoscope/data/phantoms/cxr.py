"""Frontal chest radiographs, composed of thicknesses along the beam and exposed by the Beer-Lambert law.

The patient faces the viewer: the patient's right is on the left of the picture, the heart points to the
right. Views of one patient are follow-up films: other positioning, depth of breath and exposure.

Source: linear attenuation near 60 keV (effective energy of a 110 kV beam): water and soft tissue 0.20,
    cortical bone 0.55 / cm (Hubbell and Seltzer, NIST Standard Reference Database 126).
"""

import numpy as np

from ganoscope.data.phantoms.cxr_anatomy import (
    Chest,
    Film,
    Lesion,
    Patient,
    compute_body_depth,
    compute_gas,
    compute_lung_depth,
    compute_skeleton,
    compute_vessels,
    lung_shape,
    make_chest,
)
from ganoscope.data.phantoms.shapes import (
    Array,
    Grid,
    Mask,
    blur,
    cover,
    ellipse,
    flicker,
    grain,
    place,
    settle,
    smooth_noise,
    strokes,
    tree,
)

CLASSES = ("normal", "consolidation", "interstitial")
VIEWS = 4
TISSUE_PER_CM, BONE_PER_CM = 0.20, 0.55
LUNG_DENSITY = 0.26  # of soft tissue, at full breath


def draw_patient(generator: np.random.Generator, label: str) -> Patient:
    """Returns a random patient with the given label; the lesion is drawn last, even for healthy patients."""
    number = generator.uniform
    return Patient(
        label=label,
        texture_seed=int(generator.integers(2**31)),
        width=number(0.9, 1.08),
        height=number(0.9, 1.06),
        depth_cm=number(17.0, 25.0),
        heart=number(0.86, 1.2),
        axis=number(-0.12, 0.16),
        knob=number(0.7, 1.25),
        bone=number(0.75, 1.2),
        slope=number(0.30, 0.46),
        breasts=number(0.6, 1.0) if number() < 0.4 else 0.0,
        bubble=number(0.5, 1.0) if number() < 0.6 else 0.0,
        shoulders=number(-0.06, 0.06),
        lesion=_draw_lesion(generator, label),
    )


def _draw_lesion(generator: np.random.Generator, label: str) -> Lesion:
    """Returns the place, size and strength of a patient's consolidation or interstitial pattern."""
    number = generator.uniform
    focal = label == "consolidation"
    return Lesion(
        side=int(generator.choice((-1, 1))),
        across=number(-0.35, 0.45),
        down=number(-0.55, 0.55),
        radius=number(0.42, 0.8) if focal else number(0.8, 1.25),
        tilt=number(-0.6, 0.6),
        strength=number(0.5, 0.95) if focal else number(0.55, 1.0),
    )


def _draw_film(generator: np.random.Generator) -> Film:
    """Returns the positioning and exposure of one film."""
    number = generator.uniform
    return Film(
        shift=(number(-0.05, 0.05), number(0.0, 0.12)),
        angle=number(-0.05, 0.05),
        scale=number(1.1, 1.24),
        turn=number(-0.045, 0.045),
        breath=number(-0.07, 0.06),
        darkness=number(-0.4, 0.4),
        contrast=number(0.85, 1.2),
        noise=number(0.008, 0.022),
        scatter=number(0.006, 0.02),
    )


def render(patient: Patient, view: int, size: int, generator: np.random.Generator, lesion: bool) -> tuple[Array, Mask]:
    """Returns the film (H, W) in grey levels 0 to 255 and the lesion's mask (H, W).

    Args:
        patient: Whom to draw.
        view: Number of the film; all that differs between films comes from `generator`.
        size: Pixels along each side.
        generator: Source of positioning, exposure and quantum noise.
        lesion: False draws the same film without the lesion.
    """
    del view
    film = _draw_film(generator)
    grid = place(size, film.shift, film.angle, film.scale)
    chest = make_chest(grid, patient, film)
    air_cm = compute_lung_depth(grid, patient, chest)
    tissue_cm = compute_body_depth(grid, patient, chest) - air_cm * (1.0 - LUNG_DENSITY)
    tissue_cm += compute_vessels(grid, patient, film, chest)
    tissue_cm -= compute_gas(grid, patient, film, chest)
    bone_cm = compute_skeleton(grid, patient, film) * cover(chest.body, grid.pixel)
    mask = np.zeros((size, size), dtype=np.bool_)
    if lesion and patient.label != CLASSES[0]:
        opacity, mask = settle(_lesion(grid, patient, film, chest))
        tissue_cm = tissue_cm + opacity * air_cm * (1.0 - LUNG_DENSITY)
    return _expose(np.maximum(tissue_cm, 0.0), bone_cm, film, generator), mask


def _expose(tissue_cm: Array, bone_cm: Array, film: Film, generator: np.random.Generator) -> Array:
    """Returns grey levels: I = exp(-sum mu t) + scatter, with quantum noise, on a logistic curve."""
    dose = np.exp(-TISSUE_PER_CM * tissue_cm - BONE_PER_CM * bone_cm) + film.scatter
    density = -np.log(dose)
    fine = grain(generator, len(tissue_cm), 0.5)
    density += fine * film.noise / np.sqrt(dose + 0.02)
    grey = 1.0 / (1.0 + np.exp(-(density - 2.55 - film.darkness) * 1.2 * film.contrast))
    open_air = np.clip(density / 0.5, 0.0, 1.0)
    return np.clip(250.0 * (grey - 0.035) * open_air + 4.0, 0.0, 255.0)


def _lesion(grid: Grid, patient: Patient, film: Film, chest: Chest) -> Array:
    """Returns the part of the lung's air (H, W) that the lesion replaces by fluid or tissue."""
    texture = flicker(patient.texture_seed, 4)
    inside = np.clip(-chest.lungs / 0.05, 0.0, 1.0)
    if patient.label == "consolidation":
        return _consolidation(grid, patient, film, texture) * inside
    return _interstitial(grid, patient, film, texture) * inside


def _consolidation(grid: Grid, patient: Patient, film: Film, texture: np.random.Generator) -> Array:
    """Returns a focal, lobar density with fluffy edges."""
    lesion = patient.lesion
    (x, y), (wide, high) = lung_shape(patient, film, lesion.side)
    fluff = 0.065 * smooth_noise(texture, grid.size, 7) + 0.032 * smooth_noise(texture, grid.size, 17)
    center = (x + lesion.side * lesion.across * wide, y - 0.12 + lesion.down * 0.55 * high)
    radius = lesion.radius * wide
    edge = ellipse(grid, center, (radius, radius * 0.78), lesion.tilt) + fluff
    core = np.clip(0.5 - edge / 0.17, 0.0, 1.0)
    patchy = np.clip(0.85 + 0.15 * smooth_noise(texture, grid.size, 13), 0.5, 1.0)
    return core * patchy * (0.9 * lesion.strength)


def _interstitial(grid: Grid, patient: Patient, film: Film, texture: np.random.Generator) -> Array:
    """Returns bilateral streaks around the hila and a net of lines, over faint haze."""
    lesion = patient.lesion
    zone = np.zeros((grid.size, grid.size), dtype=np.float32)
    for side in (-1, 1):
        (x, y), (wide, high) = lung_shape(patient, film, side)
        center = (x - side * 0.35 * wide, y + 0.04 + 0.25 * lesion.down * high)
        weight = 1.0 if side == lesion.side else 0.8
        reach = ellipse(grid, center, (0.8 * lesion.radius * wide, 0.55 * lesion.radius * high))
        zone = np.maximum(zone, np.clip(0.5 - reach / 0.22, 0.0, 1.0) * weight)
    net = np.zeros_like(zone)
    for cells, width in ((24, 0.50), (40, 0.55)):
        net += np.clip(1.0 - np.abs(smooth_noise(texture, grid.size, cells)) / width, 0.0, 1.0)
    streaks = _streaks(grid, film, texture)
    return zone * lesion.strength * np.clip(0.10 + 0.24 * net + 0.13 * streaks, 0.0, 0.7)


def _streaks(grid: Grid, film: Film, texture: np.random.Generator) -> Array:
    """Returns thickened bundles of bronchi and vessels that radiate from both hila."""
    rows: list[Array] = []
    for side in (-1, 1):
        fan = np.linspace(-1.3, 1.35, 9) + texture.normal(0, 0.12, 9)
        heading = fan if side > 0 else np.pi - fan
        start = np.full((9, 2), (side * 0.17 + film.turn, -0.03 + 0.6 * film.breath))
        roots = np.column_stack([start, heading, np.full(9, 0.17), np.full(9, 0.013)])
        rows.append(tree(texture, roots.astype(np.float32), 4, 0.4))
    return np.minimum(blur(strokes(grid, np.concatenate(rows)), 0.006 / grid.pixel), 1.0)
