"""A generator that is named by its method or preset, built for the images of a store."""

import torch

from ganoscope.contracts import ImageSpec, Method
from ganoscope.data.store import Store
from ganoscope.methods import load
from ganoscope.presets import find_preset


def make_spec(store: Store, classes: tuple[str, ...]) -> ImageSpec:
    """Returns the properties of the images of a store, as given to a method.

    Args:
        store: The store.
        classes: Names of its classes.
    """
    hu = (store.intensity.low, store.intensity.high) if store.intensity.unit == "HU" else None
    return ImageSpec(store.size, classes, hu_range=hu)


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
    with torch.random.fork_rng(devices=[]):
        return load(preset.method).build(preset.method_config, make_spec(store, classes))
