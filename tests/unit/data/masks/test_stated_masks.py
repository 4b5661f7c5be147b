"""Stated masks are paired by name, told as what the user states, and refused in words where none or several fit."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.prepared import names_of, quarantine_of

from ganoscope.data.masks.stated_masks import WITHOUT_PICTURE
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.errors import UserError
from ganoscope.workflows.prepare import prepare

SIDE = 64


def encode(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def draw_mask(number):
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[8:24, 4 * number + 4 : 4 * number + 20] = 255
    return encode(mask)


def write(folder, contents):
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def films(smooth):
    """Twelve pictures in two classes, whose numbers repeat in both."""
    return {
        f"{label}/film_{n}.png": encode(smooth(10 * len(label) + n, (SIDE, SIDE)))
        for label in ("well", "sickly")
        for n in range(6)
    }


def prepare_with(films, tmp_path, capfd=None, **folders):
    config = PrepareConfig(size=16, **{name: str(path) for name, path in folders.items()})
    return prepare(write(tmp_path / "source", films), tmp_path / "store", config)


@pytest.mark.parametrize("name", ["film_{}.png", "film_{}_mask.png", "mask_{}.png", "film-{}-seg.png"])
def test_masks_are_paired_by_folder_and_name_and_are_what_they_are_stated_to_be(name, films, tmp_path, capfd):
    lungs = write(tmp_path / "L", {f"sickly/{name.format(n)}": draw_mask(n) for n in range(4)})
    lesions = write(tmp_path / "F", {f"sickly/{name.format(n)}": draw_mask(9 - n) for n in range(2)})
    store = prepare_with(films, tmp_path, masks=lesions, anatomy=lungs)
    outlined, annotated = (
        {name for name, one in zip(names_of(store), store.column(column), strict=True) if one == "yes"}
        for column in ("anatomy", "annotated")
    )
    assert outlined == {f"sickly/film_{n}.png" for n in range(4)}
    assert annotated == {f"sickly/film_{n}.png" for n in range(2)}
    index = names_of(store).index("sickly/film_1.png")
    assert np.flatnonzero(store.anatomy[index].any(0)).tolist() == [2, 3, 4, 5]
    assert np.flatnonzero(store.masks[index].any(0)).tolist() == [9, 10, 11, 12]
    said = capfd.readouterr()
    assert "4 of 4 fit a picture by their names" in said.out + said.err
    assert str(tmp_path) not in (store.path / "store.json").read_text("utf-8")
    assert "anatomy" in store.prepared["stated_masks"]


def test_masks_inside_the_source_are_no_pictures_and_those_without_one_are_listed(films, tmp_path):
    inside = {f"outlines/sickly/film_{n}.png": draw_mask(n) for n in (0, 1, 8)}
    store = prepare_with({**films, **inside}, tmp_path, anatomy=tmp_path / "source" / "outlines")
    assert sorted(names_of(store)) == sorted(films)
    assert set(store.column("label").tolist()) == {"well", "sickly"}
    assert quarantine_of(store) == {"outlines/sickly/film_8.png": WITHOUT_PICTURE}
    assert store.masks is None
    assert (store.column("anatomy") == "yes").sum() == 2


def test_masks_that_fit_no_picture_are_refused_with_examples_and_the_remedy(films, tmp_path):
    other = write(tmp_path / "M", {f"case {n}.png": draw_mask(n) for n in range(80, 84)})
    words = r"(?s)no file in --masks .* has the name of a picture: got case 80.png, .*film_0.png.*manifest.csv"
    with pytest.raises(UserError, match=words):
        prepare_with(films, tmp_path, masks=other)
    assert not (tmp_path / "store").exists()


def test_masks_whose_names_differ_fit_by_their_numbers_if_every_one_has_a_picture(films, tmp_path, capfd):
    drawn = write(
        tmp_path / "M", {f"{label}/zone-00{n}.png": draw_mask(n) for label in ("sickly", "well") for n in (1, 4)}
    )
    store = prepare_with(films, tmp_path, masks=drawn)
    named = {name for name, one in zip(names_of(store), store.column("annotated"), strict=True) if one == "yes"}
    assert named == {f"{label}/film_{n}.png" for label in ("sickly", "well") for n in (1, 4)}
    assert "4 of 4 fit a picture by their numbers" in "".join(capfd.readouterr())


@pytest.mark.parametrize("other", ["zone-80.png", "sickly/zone-02.png"])
def test_numbers_decide_for_all_masks_of_a_folder_or_for_none(other, films, tmp_path):
    drawn = {"sickly/zone-1.png": draw_mask(1), "sickly/zone-2.png": draw_mask(2), other: draw_mask(3)}
    with pytest.raises(UserError, match=r"has the name of a picture"):
        prepare_with(films, tmp_path, masks=write(tmp_path / "M", drawn))


def test_masks_that_fit_several_pictures_are_refused(films, tmp_path):
    flat = write(tmp_path / "M", {f"film_{n}.png": draw_mask(n) for n in range(6)})
    with pytest.raises(UserError, match=r"6 of 6 masks fit several pictures: got film_0.png fits .*same folders"):
        prepare_with(films, tmp_path, masks=flat)


def test_folders_that_can_not_hold_masks_are_refused(films, tmp_path):
    with pytest.raises(UserError, match=r"--masks is no folder"):
        prepare_with(films, tmp_path, masks=tmp_path / "gone")
    with pytest.raises(UserError, match=r"--anatomy holds the source itself"):
        prepare_with(films, tmp_path, anatomy=tmp_path)
    one = write(tmp_path / "M", {"film_0.png": draw_mask(0)})
    with pytest.raises(UserError, match=r"name one folder"):
        prepare_with(films, tmp_path, anatomy=one, masks=one)


@pytest.mark.parametrize("place", ["source", "source/..", "sickly"])
def test_masks_beside_the_pictures_are_what_is_stated_and_told_once(place, films, tmp_path, capfd):
    films |= {f"sickly/film_{n}_mask.png": draw_mask(n) for n in range(6)}
    folder = place if place == "sickly" else tmp_path / place
    store = prepare_with(films, tmp_path, masks=folder)
    assert sum(value == "yes" for value in store.column("annotated")) == 6
    assert not any(value == "yes" for value in store.column("anatomy"))
    assert not quarantine_of(store)
    said = "".join(capfd.readouterr())
    assert said.count("masks of findings") == 1
    assert "outlines of anatomy" not in said


def test_masks_outside_the_stated_folder_stay_what_they_were(films, tmp_path, capfd):
    films |= {f"{label}/film_{n}_mask.png": draw_mask(n) for label in ("sickly", "well") for n in range(3)}
    store = prepare_with(films, tmp_path, masks="sickly")
    assert [int((store.column(name) == "yes").sum()) for name in ("annotated", "anatomy")] == [3, 3]
    assert "other masks, taken as those of anatomy: 3" in "".join(capfd.readouterr())
