"""Options of `prepare` that had no effect on a source: a user who gave one must learn that it did nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.readers import readers

NO_VOLUME = "the source holds no volumes"
NO_DICOM = "the source holds no DICOM files"
NO_HU = "the images are not in Hounsfield units"
STATED = "the source states its own {} images; --ignore-source-splits divides it anew"


@dataclass(frozen=True)
class Findings:
    """What a source turned out to hold.

    Attributes:
        formats: Names of the readers that its files need; `dicom` for files without a known suffix.
        unit: Unit of the pixels.
        stacked: Whether any picture is a slice of a series or a volume.
        many_frames: Whether any file holds several pictures.
        scaled: Whether pixels were scaled to 16 bits.
        source_splits: Splits that the source states.
    """

    formats: frozenset[str]
    unit: str
    stacked: bool = False
    many_frames: bool = False
    scaled: bool = False
    source_splits: frozenset[str] = frozenset()


def name_format(file_name: str) -> str:
    """Returns the name of the reader of a file; `dicom` for a file without a known suffix.

    Example:
        >>> name_format("scan.nii.gz"), name_format("IM0001")
        ('nifti', 'dicom')
    """
    name = file_name.lower()
    known = (reader for suffix, reader in readers().items() if suffix and name.endswith(suffix))
    return getattr(next(known, None), "__name__", "dicom").rpartition(".")[2]


def find_idle_options(config: PrepareConfig, found: Findings) -> list[str]:
    """Returns one line for every option that the user changed and that had no effect.

    Args:
        config: Configuration of `prepare`.
        found: What the source holds.
    """
    changed = [name for name in REASONS if getattr(config, name) != getattr(PrepareConfig, name)]
    reasons = {name: REASONS[name](config, found) for name in changed}
    return [f"--{name.replace('_', '-')} had no effect: {reason}." for name, reason in reasons.items() if reason]


def unless(reason: str, fits: Callable[[Findings], bool]) -> Callable[[PrepareConfig, Findings], str]:
    """Returns a function that gives the reason for sources that do not fit."""
    return lambda config, found: "" if fits(found) else reason


def explain_scale(config: PrepareConfig, found: Findings) -> str:
    """Returns the reason why `--scale` had no effect, or ""."""
    if found.unit == "HU":
        return "Hounsfield units have a scale of their own"
    return "8- and 16-bit pictures are not scaled anyway" if config.scale == "none" and found.unit != "signal" else ""


def explain_share(split: str) -> Callable[[PrepareConfig, Findings], str]:
    """Returns a function that gives the reason why the share of a split had no effect, or ""."""

    def explain(config: PrepareConfig, found: Findings) -> str:
        if config.split == "test":
            return "with --split test all images are for testing"
        kept = split in found.source_splits and not config.ignore_source_splits
        return STATED.format(split) if kept else ""

    return explain


REASONS: Mapping[str, Callable[[PrepareConfig, Findings], str]] = {
    "hu_offset": unless(
        "the source holds no pictures (PNG, TIFF) or NIfTI volumes",
        lambda found: bool(found.formats & {"raster", "nifti"}),
    ),
    "slices": unless(NO_VOLUME, lambda found: found.stacked or (found.many_frames and "dicom" in found.formats)),
    "plane": unless(NO_VOLUME, lambda found: "nifti" in found.formats or found.stacked or found.many_frames),
    "only_modality": unless(NO_DICOM, lambda found: "dicom" in found.formats),
    "window": unless(NO_HU, lambda found: found.unit == "HU"),
    "remove_table": unless(NO_HU, lambda found: found.unit == "HU"),
    "scale": explain_scale,
    "low_percentile": unless("no image was scaled", lambda found: found.scaled),
    "high_percentile": unless("no image was scaled", lambda found: found.scaled),
    "validation": explain_share("validation"),
    "test": explain_share("test"),
    "ignore_source_splits": unless("the source states no splits", lambda found: bool(found.source_splits)),
}
"""By option: why it had no effect on a source; "" if it had one."""
