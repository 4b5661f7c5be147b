"""The generator that `--generator` names: built for a store, and refused where it can't generate a requested class."""

import torch

from ganoscope.contracts import ImageSpec, Method
from ganoscope.data.store import Store
from ganoscope.errors import describe
from ganoscope.methods import load
from ganoscope.presets import find_preset


def build_generator(name: str, store: Store, classes: tuple[str, ...]) -> Method:
    """Returns a method with new networks for the images of a store; the state of random generators is left unchanged.

    Args:
        name: Method or preset.
        store: The store.
        classes: Names of its classes.

    Raises:
        UserError: There is no such method, or it does not fit the store.
    """
    preset = find_preset(name)
    hu = (store.intensity.low, store.intensity.high) if store.intensity.unit == "HU" else None
    with torch.random.fork_rng(devices=[]):
        return load(preset.method).build(preset.method_config, ImageSpec(store.size, classes, hu_range=hu))


def list_generator_faults(name: str, store: Store, classes: tuple[str, ...]) -> list[str]:
    """Returns why a generator can't make images of a requested class.

    Args:
        name: Method or preset.
        store: Store of the study.
        classes: Names of its classes.

    Raises:
        UserError: There is no such method, or it does not fit the store.
    """
    translates = load(find_preset(name).method).TRAITS.translates
    if not translates and build_generator(name, store, classes).classes:
        return []
    remedy = "Choose one that generates images of a requested class: without it, labels would be made up."
    allowed = "methods that are conditioned on classes, such as r3gan, cgan"
    return [describe("--generator has no classes", name, allowed, remedy)]
