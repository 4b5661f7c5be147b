"""The generator that `--generator` names is refused where it can't generate a requested class."""

from ganoscope.data.store import Store
from ganoscope.errors import describe
from ganoscope.generators.fitting import build_generator
from ganoscope.methods import load
from ganoscope.presets import find_preset


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
