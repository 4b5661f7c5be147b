"""The page's chapter on generated images beside real ones."""

from ganoscope.reports.run.sections.fidelity import describe_comparison, write_row

ESTIMATE = {"value": 1.5, "low": 1.0, "high": 2.0, "n": 60, "groups": 50}
FLOOR = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 40, "groups": 30}
DISTANCE = {"value": ESTIMATE, "floor": FLOOR, "better": "lower", "at_floor_size": 1.6, "warnings": ["few images."]}


def make_content(classes):
    return {
        "folder": "synthetic",
        "source": "run one",
        "seed": 0,
        "images": {"in_folder": 90, "generated": 60, "training": 70, "held_out": 20},
        "results": [
            {
                "extractor": "random network, seed 0",
                "features": 112,
                "all": {"precision": {**DISTANCE, "warnings": []}, "frechet_distance": DISTANCE},
                "classes": classes,
            }
        ],
    }


def test_a_row_has_value_interval_number_and_the_floor():
    assert write_row("frechet_distance", DISTANCE) == (
        "Fréchet distance", "1.500 (1.000 to 2.000), n\xa060", "1.600", "0.500 (0.400 to 0.600), n\xa040",
    )  # fmt: skip


def test_network_numbers_dangers_warnings_and_classes_are_told():
    classes = {"ill": {"precision": DISTANCE}, "well": {"missing": "3 generated images; 20 or more are needed."}}
    sections = list(describe_comparison(make_content(classes), ("Classifier c is in danger.",)))
    assert "60 of 90 generated images in `synthetic` (run one) with 70 training images" in sections[0].sentences[1]
    assert "Classifier c is in danger." in sections[0].sentences
    (table,) = sections[1].tables
    assert table.caption == "Features of random network, seed 0 (112 features): all images"
    assert [row[0] for row in table.rows] == ["Fréchet distance", "Precision"]
    assert sections[1].sentences == ("Few images.",)
    assert [row[:2] for row in sections[2].tables[0].rows] == [("ill", "Precision")]
    assert sections[2].sentences == ("Class well was not measured: 3 generated images; 20 or more are needed.",)
