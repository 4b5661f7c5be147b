"""Tables and pictures of counterfactuals."""

from pathlib import Path

import pytest
from PIL import Image

from ganoscope.reports.run.sections.counterfactuals import (
    PANELS,
    describe_protocol,
    list_pictures,
    tabulate_fidelity,
    tabulate_measures,
    tabulate_realism,
)

ONE = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 10}
TEXT = "0.500 (0.250 to 0.750), n\N{NO-BREAK SPACE}10"
PROTOCOL = {"changed_above": 4, "lesion_margin_px": 2, "blur_px": 1, "attack": "PGD", "interpolation": "linear"}
IMAGES = {"by_direction": {"well to sick": 1200}, "n": 1200, "groups": 40}
RESULTS = {"images": IMAGES, "protocol": PROTOCOL, "interval": "bootstrap", "explained": None, "judge": None}


def test_measures_are_listed_in_order_with_a_column_per_direction():
    (table,) = tabulate_measures(
        {"measures": {"sets": {"CT to MR": {"ssim": ONE, "flip": ONE}, "MR to CT": {"ssim": ONE}}}}
    )
    assert table.header == ("Measure", "CT to MR", "MR to CT")
    assert [row[1:] for row in table.rows] == [(TEXT, ""), (TEXT, TEXT)]
    assert table.rows[0][0].startswith("Explained classifier")


def test_realism_and_units_are_shown_where_they_were_measured():
    assert list(tabulate_realism({"realism": {}})) == list(tabulate_fidelity({"hu_fidelity": {}})) == []
    kid = dict.fromkeys(("originals", "counterfactuals", "floor"), ONE)
    assert next(tabulate_realism({"realism": {"resnet": {"well to sick": kid}}})).rows == (
        ("well to sick, resnet", TEXT, TEXT, TEXT),
    )
    side = {"wasserstein_hu": ONE, "tissue_error_hu": {"lung": ONE}}
    fidelity = {"well to sick": {"before": side, "after": side, "floor": None}}
    assert [row[0] for row in next(tabulate_fidelity({"hu_fidelity": fidelity})).rows] == [
        "well to sick: histogram distance (HU)",
        "well to sick: mean HU in lung, minus real",
    ]


@pytest.mark.parametrize(
    ("judge", "words"),
    [
        (None, "No classifier was applied."),
        ({"network": "CNN", "trained_on": "CT"}, "Independent classifier: CNN trained on CT."),
    ],
)
def test_the_protocol_names_images_and_classifiers(judge, words):
    first, second = describe_protocol({**RESULTS, "judge": judge})
    assert first == f"1,200 images of 40 patients or groups (1,200 well to sick). {words} Intervals: bootstrap."
    assert "adversarial control: PGD" in second


def test_the_first_panels_are_those_of_images_that_had_to_change(tmp_path: Path):
    names = [f"panel_{number}.png" for number in range(8)]
    for name in (*names, "contact_sheet.png"):
        Image.new("L", (8, 8)).save(tmp_path / name)
    ways = ["b to a", *["a to b"] * 5, *["b to a"] * 2]
    rows = [f"{name},{'yes' if number == 0 else 'no'},{ways[number]}" for number, name in enumerate(names)]
    (tmp_path / "results.csv").write_text("\n".join(["panel,already,direction", ",no,a to b", *rows]))
    pictures = list(list_pictures(tmp_path))
    assert len(pictures) == 1 + PANELS
    assert pictures[0].alt.startswith("Input images")
    assert [picture.alt for picture in pictures[1:]] == ["One image, a to b", "One image, b to a"] * 2
