"""Patient ids from file names, paths and headers; the store keeps only their pseudonyms."""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from re import Pattern
from typing import Literal

from ganoscope.errors import UserError

PATTERNS = {
    "paediatric_cxr": r"^(?:(person\d+)_(?:bacteria|virus)_\d+|(?:NORMAL2-)?(IM-\d+)-)",
    "nih_cxr": r"^(\d{8})_\d{3}(?![0-9A-Za-z])",
    "tcga": r"^(TCGA-\w{2}-\w{4})(?![0-9A-Za-z])",
    "bids": r"(?:^|_)(sub-[A-Za-z0-9]+)_",
    "study_folders": r"(?:^|/)(patient\d+)/study\d+",
    "mimic_cxr": r"(?:^|/)(p\d{8})/s\d{8}(?![0-9])",
}
"""Patterns by data set. Paediatric chest X-rays (Kermany et al. 2018, https://doi.org/10.17632/rscbjbr9sj): the number
after `person` or `IM`. NIH chest X-rays (Wang et al. 2017, https://doi.org/10.1109/CVPR.2017.369): the first eight
digits. TCGA: project, site and participant of a barcode. BIDS (https://bids.neuroimaging.io): the subject. CheXpert,
MURA and MIMIC-CXR: the folder of the patient above that of the study."""

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


Subject = Literal["name", "path", "id"]
SUBJECTS: dict[Subject, str] = {
    "name": "file names",
    "path": "paths relative to the source",
    "id": "patient ids of the source",
}
"""What a pattern is compared with, in the order of preference where two match equally often."""


@dataclass(frozen=True)
class PatientRule:
    """How patient ids are read from files.

    Attributes:
        pattern: Pattern whose first non-empty group is the id.
        subject: What the pattern is compared with.
        stated: Whether the user stated the pattern, which then goes before what folders, tables and headers say.
    """

    pattern: Pattern[str]
    subject: Subject = "name"
    stated: bool = False

    def find(self, path: str, patient: str = "") -> str:
        r"""Returns the patient id of a file, or "".

        Args:
            path: Path relative to the source, with forward slashes.
            patient: Patient id of the source, such as that in a DICOM header.

        Example:
            >>> PatientRule(re.compile(r"(p\d+)"), "path").find("p12/study1/image.png")
            'p12'
        """
        return extract_patient(self.pattern, choose_subject(self.subject, path, patient))


def choose_subject(subject: Subject, path: str, patient: str) -> str:
    """Returns the text that a pattern is compared with.

    Args:
        subject: What the pattern is compared with.
        path: Path relative to the source.
        patient: Patient id of the source.
    """
    return {"name": path.rpartition("/")[2], "path": path, "id": patient}[subject]


class PatternCounter:
    """Counts, in one pass, how many file names and paths each pattern matches.

    Attributes:
        names: Number of files.
    """

    def __init__(self, stated: Pattern[str] | None = None) -> None:
        self.names = 0
        self._stated = stated
        built_in = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
        subjects: tuple[Subject, ...] = ("name", "path", "id") if stated else ("name", "path")
        patterns = {"stated": stated} if stated else built_in
        self._hits = {
            PatientRule(pattern, subject, bool(stated)): 0 for pattern in patterns.values() for subject in subjects
        }

    def add(self, path: str, patient: str = "") -> None:
        """Counts one file, given its path relative to the source and its patient id in the source."""
        self.names += 1
        for rule in self._hits:
            self._hits[rule] += bool(rule.find(path, patient))

    def recognise(self) -> PatientRule | None:
        """Returns the stated pattern, or the best built-in one if it matches `RECOGNITION_SHARE` of the files."""
        best = max(self._hits, key=lambda rule: self._hits[rule])
        return best if self._stated or self._hits[best] >= max(1, RECOGNITION_SHARE * self.names) else None


WORDS = r"(?:[A-Za-z]+[_-])*?"
LIKELY = (
    r"^[^_-]+[_-]([0-9a-f]{16,})(?=[_-])",
    rf"^{WORDS}([A-Za-z]+\d*[_-]?\d+)(?=[_-])",
    r"^(\d{2,})(?=[_-])",
)
"""Patterns of an id with further words behind it in file names: the long one of INbreast, and the usual ones."""
DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])$")


class RepeatedIds:
    """Looks in one pass for ids that recur in names of files whose patients nothing else tells."""

    def __init__(self) -> None:
        self._files = 0
        self._found = {pattern: (re.compile(pattern), set[int](), [0]) for pattern in LIKELY}

    def add(self, path: str, patient: str = "") -> None:
        """Adds a file, given its path relative to the source and its patient id in the source."""
        if patient:
            return
        self._files += 1
        for pattern, ids, matched in self._found.values():
            if (patient := extract_patient(pattern, path.rpartition("/")[2])) and not DATE.search(patient):
                ids.add(hash(patient))
                matched[0] += 1

    def tell(self) -> list[str]:
        """Returns a line with the pattern of an id that recurs in nearly all names; none if there is none."""
        for name, (_, ids, (matched,)) in self._found.items():
            if matched >= max(1, RECOGNITION_SHARE * self._files) and 1 < len(ids) < RECOGNITION_SHARE * matched:
                return [
                    f"warning: {len(ids):,} ids recur in names of {matched:,} files, and nothing says that these are "
                    "patients: images of one person may be in two splits. If they are, add "
                    f"--patient-pattern '{name}'."
                ]
        return []


def extract_patient(pattern: Pattern[str] | None, file_name: str) -> str:
    """Returns the patient id in a file name; "" if there is none.

    Example:
        >>> extract_patient(compile_pattern("paediatric_cxr"), "person12_virus_3.jpeg")
        'person12'
    """
    match = pattern.search(file_name) if pattern else None
    return next((group for group in match.groups() if group), "") if match else ""


PLACEHOLDERS = frozenset(
    {
        *("anonymized", "anonymised", "anonymous", "anonym", "anon", "anonymouspatient", "deidentified", "removed"),
        *("unknown", "unspecified", "undefined", "none", "null", "nil", "nan", "na", "empty", "blank", "dummy"),
        *("patient", "patientid", "id", "noid", "test", "testpatient", "phantom", "default", "x", "xx", "xxx", "xxxx"),
    }
)
"""Letters and digits of patient ids that anonymisers and scanners write instead of one."""


def find_placeholders(patients: Iterable[str]) -> set[str]:
    """Returns those of the given patient ids that can't be a person's.

    Zeros count as an id only if others of the same length are numbers too.

    Example:
        >>> sorted(find_placeholders(["ANONYMIZED", "0", "P17", "-"]))
        ['-', '0', 'ANONYMIZED']
        >>> find_placeholders(["0", "1", "2"])
        set()
    """
    known = set(patients)
    lengths = {len(patient) for patient in known if patient.isdigit() and patient.strip("0")}
    plain = {patient: re.sub(r"[\W_]+", "", patient).casefold() for patient in known}
    return {
        patient
        for patient, letters in plain.items()
        if letters in PLACEHOLDERS or (not letters.strip("0") and len(patient) not in lengths)
    }


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
