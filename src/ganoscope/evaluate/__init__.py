"""Evaluation of generated images, counterfactuals and classifiers. The folders are the registry of measurements.

A measurement is a file in `fidelity/`, `labels/` or `units/`. It provides `NAME`, `NEEDS` and
`measure(evidence) -> Measured`, see `ganoscope.contracts.Measurement`; the evidence is a
`ganoscope.evaluate.comparison.Comparison`. Adding a file adds the measurement to the report (where it
needs nothing but images), the docs and the contract tests. A dotted name loads a module of the user's own.
"""

from typing import TYPE_CHECKING, cast

from ganoscope.errors import UserError, describe
from ganoscope.evaluate import fidelity, labels, units
from ganoscope.registry import list_modules, load_stated

if TYPE_CHECKING:
    from ganoscope.contracts import Measurement
    from ganoscope.evaluate.comparison import Comparison

WINGS = (fidelity, labels, units)
"""Folders that hold measurements."""


def available() -> dict[str, str]:
    """Returns the measurements' file names, each with its first line; imports none of them."""
    return {name: line for wing in WINGS for name, line in list_modules(wing).items()}


def load(name: str) -> "Measurement[Comparison]":
    """Returns a measurement by its file name, or one of the user's own by its dotted name.

    Raises:
        UserError: There is no such measurement, or it lacks an attribute.
    """
    if "." not in name and name not in available():
        raise UserError(describe("no such measurement", name, ", ".join(available()), "Or give a dotted name."))
    wing = next((wing for wing in WINGS if name in list_modules(wing)), WINGS[0])
    return cast("Measurement[Comparison]", load_stated(wing, name, ("NAME", "NEEDS", "measure")))
