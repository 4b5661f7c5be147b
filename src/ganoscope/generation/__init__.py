"""Images from a trained generator: each is reproducible by its number, marked as synthetic, and has its provenance."""

from ganoscope.generation.config import GenerateConfig
from ganoscope.generation.drawing import BLOCK, draw_images
from ganoscope.generation.labels import choose_labels
from ganoscope.generation.noise import make_noise
from ganoscope.generation.origin import COLUMNS

__all__ = ["BLOCK", "COLUMNS", "GenerateConfig", "choose_labels", "draw_images", "make_noise"]
