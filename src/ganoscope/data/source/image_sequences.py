"""Sequences of magnetic resonance imaging in file names, as in BraTS and BIDS: told, chosen, and never mixed unsaid."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ganoscope.data.readers import drop_ending
from ganoscope.data.readers.nifti import SUFFIXES
from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.walk import sample_names
from ganoscope.errors import UserError, describe

SURE = frozenset(
    ["flair", "t1w", "t1n", "t1c", "t1ce", "t1gd", "t1post", "t2w", "t2f", "t2star", "pdw", "dwi", "adc", "swi", "bold"]
)
SEQUENCES = SURE | {"t1", "t2", "pd"}
"""Last words of names; `t1` and `t2` alone may be points in time."""
LEAST_SHARE = 0.1
"""Share of the named files from which a sequence is told."""
NAMED_SHARE = 0.5
"""Share of the files that must be named by sequences."""
OTHER_NAME = "another name than --only-series asks for"
DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")


def find_sequence(name: str) -> str:
    """Returns the sequence at the end of a file name, or "".

    Example:
        >>> find_sequence("BraTS20_Training_001_t1ce.nii.gz"), find_sequence("sub-01_T1w.nii"), find_sequence("at1.png")
        ('t1ce', 't1w', '')
    """
    words = re.split(r"[_. -]", drop_ending(name).lower())
    return words[-1] if len(words) > 1 and words[-1] in SEQUENCES else ""


class SequenceWatch:
    """Passes images on: those of other names than were asked for get a fault, volumes of sequences their modality.

    Attributes:
        counts: Number of usable files by sequence; "" for files without one.
    """

    def __init__(self, source: Path, pattern: str) -> None:
        """Reads a sample of the names in a source.

        Args:
            source: Source folder.
            pattern: Regular expression that names must match; "" for all.
        """
        self.counts: Counter[str] = Counter()
        self._wanted = compile_series(pattern)
        self._sure = any(find_sequence(name) in SURE for name in sample_names(source))

    def pass_on(self, images: Iterable[SourceImage]) -> Iterator[SourceImage]:
        """Yields the images; DICOM files are chosen by their headers, elsewhere."""
        for image in images:
            name = image.path.name
            fits = not is_named(name) or self._wanted.search(image.name)
            passed = image if image.fault or fits else replace(image, fault=OTHER_NAME)
            sequence = find_sequence(name)
            if not passed.fault:
                self.counts[sequence] += 1
            known = self._sure and sequence and name.lower().endswith(SUFFIXES) and not image.modality
            yield replace(passed, modality="MR") if known else passed

    def tell(self) -> Iterator[str]:
        """Yields a warning if the files are of several sequences."""
        named = {sequence: count for sequence, count in self.counts.items() if sequence}
        total = sum(named.values())
        often = [sequence for sequence, count in named.items() if count >= LEAST_SHARE * total]
        if len(often) > 1 and total >= NAMED_SHARE * self.counts.total():
            listed = ", ".join(f"{sequence} {named[sequence]:,}" for sequence in sorted(named))
            yield (
                f"warning: by their names, the files are of several sequences or contrasts ({listed}), which one store "
                f'would mix. Choose one by its name: --only-series "{sorted(often)[0]}\\."'
            )


def is_named(name: str) -> bool:
    """Tells whether a file has the ending of a picture or a volume other than DICOM."""
    return drop_ending(name) != name and not name.lower().endswith(DICOM_SUFFIXES)


def compile_series(pattern: str) -> re.Pattern[str]:
    """Returns the regular expression that series descriptions must match.

    Raises:
        UserError: The pattern is not a valid regular expression.
    """
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        allowed = "a regular expression, such as lung|thorax"
        fault = f"--only-series is not a valid regular expression ({error})"
        remedy = "Correct it, or escape special characters with a backslash."
        raise UserError(describe(fault, pattern, allowed, remedy)) from None
