import numpy as np
import pytest

from ganoscope.audits.answer import Answer, Value
from ganoscope.audits.audit_evidence import SyntheticImages
from ganoscope.audits.kept_answers import claim_plan, find_kept, keep_answer, save_images
from ganoscope.contracts import Measured
from ganoscope.errors import UserError
from ganoscope.files.tables import read_csv
from ganoscope.statistics.estimate import Estimate

MEASURED = Measured(Estimate(0.5, 0.4, 0.6, 100, 50), None, "lower", warnings=("few images",))
ANSWER = Answer(
    "fault",
    "Two are copies.",
    (Value("copies", MEASURED, "class a", "random network", "abc"),),
    {"pairs": [[1, 2]]},
    {"p_value": [0.01, 0.5], "copy": [True, False]},
    {"copies.png": np.zeros((8, 8), np.uint8)},
    ("only whole images",),
)


def test_an_answer_is_found_again_as_it_was(tmp_path):
    claim_plan(tmp_path, {"seed": 0})
    kept = keep_answer(tmp_path, "copies", "Are there copies?", ANSWER)
    assert find_kept(tmp_path, "copies") == kept
    assert (kept.outcome, kept.values, kept.sheets) == ("fault", ANSWER.values, ("copies.png",))
    assert find_kept(tmp_path, "other") is None


@pytest.mark.parametrize("lost", ["copies.png", "answers/copies.csv", "answers/copies.json"])
def test_a_damaged_answer_is_asked_for_again(lost, tmp_path):
    claim_plan(tmp_path, {"seed": 0})
    keep_answer(tmp_path, "copies", "Are there copies?", ANSWER)
    (tmp_path / lost).unlink()
    assert find_kept(tmp_path, "copies") is None


def test_every_image_has_a_row_with_the_columns_of_all_questions(tmp_path):
    claim_plan(tmp_path, {"seed": 0})
    entries = [
        keep_answer(tmp_path, "copies", "Are there copies?", ANSWER),
        keep_answer(tmp_path, "plain", "Is it?", Answer("clear", "It is.")),
    ]
    names = np.array(["a/1.png", "=2.png"])
    save_images(
        tmp_path, SyntheticImages(names, lambda _: np.zeros(0, np.float32), np.array(["x", "y"]), "", ""), entries
    )
    assert list(read_csv(tmp_path / "images.csv")) == [
        {"name": "a/1.png", "label": "x", "copies.p_value": "0.01", "copies.copy": "yes"},
        {"name": "=2.png", "label": "y", "copies.p_value": "0.5", "copies.copy": "no"},
    ]


def test_a_folder_holds_one_audit(tmp_path):
    claim_plan(tmp_path / "a", {"seed": 0, "depth": "quick"})
    claim_plan(tmp_path / "a", {"seed": 0, "depth": "quick"})
    with pytest.raises(UserError, match="holds another audit: it differs in depth, seed"):
        claim_plan(tmp_path / "a", {"seed": 1, "depth": "full"})
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "note.txt").touch()
    with pytest.raises(UserError, match="holds no audit"):
        claim_plan(tmp_path / "b", {"seed": 0})
