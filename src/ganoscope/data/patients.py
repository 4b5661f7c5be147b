"""Patient ids from file names; the store keeps only their pseudonyms."""

import hmac
import re
import secrets
from re import Pattern

from ganoscope.errors import UserError

PATTERNS = {
    "paediatric_cxr": r"^(?:(person\d+)_(?:bacteria|virus)_\d+|(?:NORMAL2-)?(IM-\d+)-)",
    "nih_cxr": r"^(\d{8})_\d{3}(?![0-9A-Za-z])",
    "tcga": r"^(TCGA-\w{2}-\w{4})(?![0-9A-Za-z])",
    "bids": r"(?:^|_)(sub-[A-Za-z0-9]+)_",
}
"""Patterns by data set. Paediatric chest X-rays (Kermany et al. 2018, https://doi.org/10.17632/rscbjbr9sj): the number
after `person` or `IM`. NIH chest X-rays (Wang et al. 2017, https://doi.org/10.1109/CVPR.2017.369): the first eight
digits. TCGA: project, site and participant of a barcode. BIDS (https://bids.neuroimaging.io): the subject."""

RECOGNITION_SHARE = 0.9
"""Proportion of file names that a built-in pattern must match to be used."""


def compile_pattern(pattern: str | None) -> Pattern[str] | None:
    """Returns the compiled pattern; the first non-empty group of a match is the patient id.

    Raises:
        UserError: The pattern is not a valid regular expression, or has no group.
    """
    if pattern is None:
        return None
    try:
        compiled = re.compile(PATTERNS.get(pattern, pattern))
    except re.error as error:
        raise UserError(f"--patient-pattern is not a valid regular expression: got {pattern!r} ({error}).") from None
    if compiled.groups == 0:
        raise UserError(
            f"--patient-pattern has no group: got {pattern!r}; allowed: a regular expression whose (group) is the "
            rf"patient id, such as '(\d+)_', or one of {', '.join(PATTERNS)}."
        )
    return compiled


class PatternCounter:
    """Counts, in one pass, how many file names each built-in pattern matches."""

    def __init__(self) -> None:
        self.names = 0
        self._compiled = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
        self._hits = dict.fromkeys(PATTERNS, 0)

    def add(self, file_name: str) -> None:
        """Counts one file name."""
        self.names += 1
        for name, pattern in self._compiled.items():
            self._hits[name] += bool(pattern.search(file_name))

    def recognise(self) -> Pattern[str] | None:
        """Returns the best pattern if it matches at least `RECOGNITION_SHARE` of the names, else None."""
        best = max(self._hits, key=lambda name: self._hits[name])
        return self._compiled[best] if self._hits[best] >= max(1, RECOGNITION_SHARE * self.names) else None


def extract_patient(pattern: Pattern[str] | None, file_name: str) -> str:
    """Returns the patient id in a file name; "" if there is none.

    Example:
        >>> extract_patient(compile_pattern("paediatric_cxr"), "person12_virus_3.jpeg")
        'person12'
    """
    match = pattern.search(file_name) if pattern else None
    return next((group for group in match.groups() if group), "") if match else ""


def make_salt() -> bytes:
    """Returns a secret key for the pseudonyms of one store; it is never written, since it would allow guessing ids."""
    return secrets.token_bytes(32)


def make_pseudonym(patient: str, salt: bytes) -> str:
    """Returns the pseudonym of a patient id: a keyed hash (HMAC-SHA-256); "" for an empty id.

    Example:
        >>> make_pseudonym("person12", b"secret")
        'patient-17250528b64f'
    """
    if not patient:
        return ""
    return "patient-" + hmac.new(salt, patient.encode("utf-8", "surrogateescape"), "sha256").hexdigest()[:12]
