"""Who is in the picture: patient ids from file names, kept in the store only as pseudonyms."""

import re
from collections.abc import Sequence
from re import Pattern

import numpy as np

from ganoscope.errors import UserError

PATTERNS = {
    "paediatric_cxr": r"^(?:(person\d+)_(?:bacteria|virus)_\d+|(?:NORMAL2-)?(IM-\d+)-)",
}
"""Patterns by data set. Kermany et al. 2018, https://doi.org/10.17632/rscbjbr9sj: the number after `person` or `IM`."""

RECOGNITION_SHARE = 0.9
"""A built-in pattern is taken when at least this share of the file names match it."""


def compile_pattern(pattern: str) -> Pattern[str]:
    """Returns the compiled pattern; its first group that takes part in a match is the patient id.

    Raises:
        UserError: The pattern is no regular expression, or has no group.
    """
    try:
        compiled = re.compile(PATTERNS.get(pattern, pattern))
    except re.error as error:
        raise UserError(f"--patient-pattern is no regular expression: got {pattern!r} ({error}).") from None
    if compiled.groups == 0:
        raise UserError(
            f"--patient-pattern has no group: got {pattern!r}; allowed: a regular expression whose (group) is the "
            rf"patient id, such as '(\d+)_', or one of {', '.join(PATTERNS)}."
        )
    return compiled


def recognise_pattern(names: Sequence[str]) -> Pattern[str] | None:
    """Returns the built-in pattern that fits most of the file names, or none."""
    for pattern in PATTERNS.values():
        compiled = re.compile(pattern)
        if names and sum(bool(compiled.search(name)) for name in names) >= RECOGNITION_SHARE * len(names):
            return compiled
    return None


def extract_patient(pattern: Pattern[str] | None, file_name: str) -> str:
    """Returns the patient id in a file name; "" where the pattern finds none.

    Example:
        >>> extract_patient(compile_pattern("paediatric_cxr"), "person12_virus_3.jpeg")
        'person12'
    """
    match = pattern.search(file_name) if pattern else None
    return next((group for group in match.groups() if group), "") if match else ""


def make_pseudonyms(patients: Sequence[str], seed: int) -> dict[str, str]:
    """Returns a pseudonym for every patient id: numbers in a shuffled order, from which the id can't be computed."""
    unique = sorted(set(patients) - {""})
    order = np.random.default_rng([seed, 7]).permutation(len(unique))
    return {
        "": "",
        **{patient: f"patient-{number:06d}" for patient, number in zip(unique, order, strict=True)},
    }
