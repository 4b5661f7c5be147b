"""Options of the analysis of a study. They are no part of its frozen design: they decide nothing."""

from dataclasses import dataclass

from ganoscope.errors import Range, list_range_faults, refuse
from ganoscope.files.field_types import fit_fields

RANGES = {"ssim_real": Range(2, 2000), "ssim_synthetic": Range(1, 10_000), "gradcam_samples": Range(1, 20)}


@dataclass(frozen=True)
class AnalysisConfig:
    """What the report shows besides; none of it is part of the frozen design."""

    ssim_real: int = 100
    """Real images that synthetic images are compared with by SSIM."""
    ssim_synthetic: int = 500
    """Synthetic images that are compared with them."""
    gradcam_samples: int = 3
    """Images of each kind (real positive, real negative, synthetic) that heat maps are made of."""
    skip_plots: bool = False
    """Leave charts out of the report; its tables stay."""
    skip_ssim: bool = False
    """Leave the SSIM distribution out."""
    skip_gradcam: bool = False
    """Leave heat maps out."""

    def __post_init__(self) -> None:
        """Checks every value.

        Raises:
            UserError: Values are out of range; all faults are reported.
        """
        fit_fields(self)
        refuse(list_range_faults(self, RANGES))
