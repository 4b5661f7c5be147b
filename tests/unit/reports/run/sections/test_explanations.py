"""Figures of explanations: known ones in order, unknown ones by their name."""

from PIL import Image

from ganoscope.reports.run.sections.explanations import CAPTIONS, load_figures, recognise


def test_known_figures_come_first_in_the_order_of_their_captions(tmp_path):
    for name in ("a_new-idea", "regions", "randomisation_why_real", "deletion_insertion", "real_and_generated"):
        Image.new("L", (8, 8)).save(tmp_path / f"{name}.png")
    captions = [picture.caption for picture in load_figures(tmp_path)]
    known = ("real_and_generated", "randomisation_why_real", "regions", "deletion")
    assert captions == [*(CAPTIONS[name] for name in known), "A new idea."]


def test_the_most_specific_caption_fits(tmp_path):
    assert recognise(tmp_path / "randomisation_why_generated.png") == "randomisation_why_generated"
    assert recognise(tmp_path / "randomisation.png") == "randomisation"
    assert recognise(tmp_path / "other.png") is None
