"""Images from a trained generator: reproducible one by one, marked as synthetic, with their provenance."""

from ganoscope.generate.config import GenerateConfig
from ganoscope.generate.drawing import BLOCK, draw_images
from ganoscope.generate.labels import choose_labels
from ganoscope.generate.noise import make_noise
from ganoscope.generate.origin import COLUMNS
from ganoscope.generate.writing import Outcome, generate

__all__ = ["BLOCK", "COLUMNS", "GenerateConfig", "Outcome", "choose_labels", "draw_images", "generate", "make_noise"]
