"""The chapter on diversity."""

from xml.etree import ElementTree

from ganoscope.evaluate.fidelity.diversity import Diversity, SetDiversity
from ganoscope.reports.run.sections.diversity import describe_diversity, draw_diversity

HALF = SetDiversity(9, 8, 36, 0.5, 0.4, 0.6)


def test_it_is_drawn_even_at_the_ends_of_its_scale():
    sets = {"Generated": SetDiversity(9, 9, 36, 1.0, 1.0, 1.0), "Training": SetDiversity(9, 9, 36, 0.0, 0.0, 0.0)}
    ElementTree.fromstring(draw_diversity(sets))


def test_generated_images_stand_first_and_held_out_ones_where_there_are_any():
    with_held_out = describe_diversity(Diversity(HALF, HALF, HALF, 1, "", "", 200, 3, 2)).tables[0]
    assert [row[0] for row in with_held_out.rows] == ["Generated", "Held-out real", "Training"]
    assert with_held_out.rows[0] == ("Generated", "9", "8", "36", "0.500 (0.400 to 0.600)")
    section = describe_diversity(Diversity(HALF, None, HALF, 1, "", "", 200, 3, 2))
    assert [row[0] for row in section.tables[0].rows] == ["Generated", "Training"]
    assert "no held-out images" in section.sentences[0]
    assert "seed 3; 2 scales" in section.sentences[1]
