"""The store: what was written comes back; any change or damage is noticed."""

import io
import json
import secrets

import numpy as np
import pytest

from ganoscope.data.store import COLUMNS, Sample, Store, StoreWriter
from ganoscope.data.store.columns import read_columns
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.store.store import compute_fingerprint, compute_pixel_digest, write_header
from ganoscope.errors import UserError
from ganoscope.files.tables import read_csv, save_csv, show_cell

ROWS = [
    {"label": label, "split": split}
    for label, split in zip("abcab", ("train", "test", "train", "validation", "train"), strict=True)
]
EXTREMES = {"uint8": (0, 255), "uint16": (0, 65535), "int16": (-32768, 32767)}


def draw(count, dtype="uint8", size=16):
    low, high = EXTREMES[dtype]
    pixels = np.random.default_rng(1).integers(low, high, (count, size, size), endpoint=True).astype(dtype)
    pixels[0, 0, :2] = low, high
    return pixels


@pytest.mark.parametrize("dtype", EXTREMES)
def test_pixels_come_back_as_written(make_store, dtype):
    pixels = draw(5, dtype)
    store = make_store(ROWS, pixels, dtype)
    assert store.images.dtype == dtype
    np.testing.assert_array_equal(store.images, pixels)
    assert (store.count, store.size, store.name, store.masks) == (5, 16, "made up", None)


def test_views_and_column_order_are_written_upright(make_store):
    pixels = draw(5)
    np.testing.assert_array_equal(make_store(ROWS, pixels.transpose(0, 2, 1)).images, pixels.transpose(0, 2, 1))


def test_masks_come_back_as_written(make_store):
    masks = np.random.default_rng(0).random((5, 16, 16)) < 0.3
    store = make_store(ROWS, draw(5), masks=masks)
    assert store.masks.dtype == np.bool_
    np.testing.assert_array_equal(store.masks, masks)


@pytest.mark.parametrize("count", [1, 9, 10, 1000])
def test_header_grows_with_the_images(tmp_path, count):
    pixels = draw(count, "int16", size=4)
    writer = StoreWriter(tmp_path, 4, "int16")
    for image in pixels:
        writer.append(image, image > 0)
    save_csv(tmp_path / "manifest.csv", COLUMNS, [])
    writer.finish("many", IntensityMap(-32768, 32767, "HU", "int16"))
    store = Store.open(tmp_path)
    assert store.images.shape == store.masks.shape == (count, 4, 4)
    np.testing.assert_array_equal(store.images, pixels)
    np.testing.assert_array_equal(store.masks, pixels > 0)


def test_header_length_does_not_depend_on_the_count():
    lengths = set()
    for count in (0, 1, 99_999, 10**12):
        file = io.BytesIO()
        write_header(file, (count, 512, 512), np.dtype("uint16"))
        lengths.add(file.tell())
    assert len(lengths) == 1
    assert lengths.pop() % 64 == 0  # so that the pixels are aligned


def test_manifest_comes_back_as_samples(make_store):
    odd = 'a "quoted", 病 <b>label</b>'
    store = make_store(
        [
            {**ROWS[0], "label": odd, "coloured": True, "height_px": 30, "width_px": 40, "spacing_mm": "0.7 x 0.5"},
            *ROWS[1:],
        ]
    )
    samples = list(store.samples())
    assert samples[0] == Sample(
        "id-0", odd, "patient-000000", "group-000000", "train", "file-0000000", "", "0" * 64, 30, 40, "0.7 x 0.5", True
    )
    assert [sample.label for sample in samples[1:]] == ["b", "c", "a", "b"]
    assert len(samples) == store.count


def test_columns_and_indices_follow_the_manifest(make_store):
    store = make_store(ROWS)
    assert store.column("label").tolist() == ["a", "b", "c", "a", "b"]
    assert store.column("height_px").tolist() == ["16"] * 5
    assert store.indices("train").tolist() == [0, 2, 4]
    assert store.indices("test", "validation").tolist() == [1, 3]
    assert store.indices("nowhere").tolist() == []
    for name in COLUMNS:
        assert store.column(name).tolist() == [show_cell(getattr(sample, name)) for sample in store.samples()]


def test_load_images_gives_network_range_in_the_order_asked_for(make_store):
    pixels = draw(5, "uint16")
    store = make_store(ROWS, pixels, "uint16")
    images = store.load_images(np.array([3, 0, 3]))
    assert (images.shape, images.dtype) == ((3, 1, 16, 16), np.float32)
    np.testing.assert_array_equal(images[:, 0], store.intensity.to_network(pixels[[3, 0, 3]]))
    np.testing.assert_array_equal(store.intensity.to_pixels(images[:, 0]), pixels[[3, 0, 3]].clip(0, 60_000))


def change_byte(path, at=-1):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["images.npy", "masks.npy", "manifest.csv"])
@pytest.mark.parametrize("at", [-1, -100])
def test_verify_notices_one_changed_bit(make_store, name, at):
    store = make_store(ROWS, masks=np.zeros((5, 16, 16), bool))
    store.verify()
    change_byte(store.path / name, at)
    with pytest.raises(UserError, match=r"fingerprint differs|is damaged"):
        Store.open(store.path).verify()


@pytest.mark.parametrize(("key", "value"), [("low", 1.0), ("high", 254.0), ("unit", "HU")])
def test_verify_notices_another_meaning_of_the_pixels(make_store, key, value):
    path = make_store(ROWS).path / "store.json"
    info = json.loads(path.read_text())
    info["intensity"][key] = value
    path.write_text(json.dumps(info))
    with pytest.raises(UserError, match=r"was changed after it was written|does not fit its store"):
        Store.open(path.parent).verify()


def test_verify_notices_removed_masks(make_store):
    store = make_store(ROWS, masks=np.zeros((5, 16, 16), bool))
    (store.path / "masks.npy").unlink()
    with pytest.raises(UserError, match="fingerprint differs"):
        store.verify()


def test_fingerprint_names_the_content_not_the_place(make_store, tmp_path):
    first, second = (make_store(ROWS, path=tmp_path / name) for name in ("first", "second"))
    assert (
        first.fingerprint
        == second.fingerprint
        == compute_fingerprint(first.path, first.intensity, compute_pixel_digest(first.path))
    )
    other = make_store([*ROWS[:-1], {**ROWS[-1], "label": "z"}], path=tmp_path / "other")
    assert other.fingerprint != first.fingerprint


@pytest.mark.parametrize("folder", ["missing", "."])
def test_folder_without_a_store_is_refused_with_the_remedy(tmp_path, folder):
    with pytest.raises(UserError, match=r"no store at.*ganoscope prepare"):
        Store.open(tmp_path / folder)


def rewrite(change):
    def damage(path):
        info = json.loads((path / "store.json").read_text())
        (path / "store.json").write_text(json.dumps(change(info)))

    return damage


def resize_images(path, keep):
    content = (path / "images.npy").read_bytes()
    (path / "images.npy").write_bytes(content[:keep])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: (path / "store.json").write_text('{"schema_ver'), "damaged"),
        (lambda path: (path / "store.json").write_bytes(b"\xff\xfe\x00"), "damaged"),
        (rewrite(lambda info: [info]), "damaged"),
        (rewrite(lambda info: {key: info[key] for key in info if key != "fingerprint"}), "damaged"),
        (rewrite(lambda info: {key: info[key] for key in info if key != "schema_version"}), "damaged"),
        (rewrite(lambda info: {**info, "intensity": {"low": 0.0}}), "damaged"),
        (rewrite(lambda info: {**info, "intensity": None}), "damaged"),
        (rewrite(lambda info: {**info, "schema_version": 0}), "another version"),
        (rewrite(lambda info: {**info, "schema_version": 3, "novelty": 1}), "another version"),
        (
            rewrite(lambda info: {**info, "count": 6}),
            r"got shape \(5, 16, 16\) of uint8; allowed: \(6, 16, 16\) of uint8",
        ),
        (
            rewrite(lambda info: {**info, "intensity": {**info["intensity"], "dtype": "int16"}}),
            "does not fit its store",
        ),
        (rewrite(lambda info: {**info, "size": 32}), r"allowed: \(5, 32, 32\)"),
        (lambda path: (path / "images.npy").unlink(), "images.npy is damaged"),
        (lambda path: resize_images(path, 0), "images.npy is damaged"),
        (lambda path: resize_images(path, 50), "images.npy is damaged"),
        (lambda path: resize_images(path, -1), "images.npy is damaged"),
    ],
)
def test_damaged_store_is_refused_in_words(make_store, damage, message):
    path = make_store(ROWS).path
    damage(path)
    with pytest.raises(UserError, match=message):
        Store.open(path)


def test_unfinished_folder_is_no_store(tmp_path):
    writer = StoreWriter(tmp_path, 16, "uint8")
    writer.append(draw(1)[0])
    with pytest.raises(UserError, match="no store at"):
        Store.open(tmp_path)


def test_a_writer_goes_on_after_the_images_that_count(tmp_path):
    pixels, masks = draw(5), draw(5) > 128
    first = StoreWriter(tmp_path, 16, "uint8")
    for image, mask in zip(pixels[:3], masks[:3], strict=True):
        first.append(image, mask)
    first.flush()  # two count; the third, and half of a fourth, are what a killed process left
    with (tmp_path / "images.npy").open("ab") as file:
        file.write(b"half an image")
    second = StoreWriter(tmp_path, 16, "uint8", count=2)
    for image, mask in zip(pixels[2:], masks[2:], strict=True):
        second.append(image, mask)
    np.testing.assert_array_equal(second.read(), pixels)
    (tmp_path / "manifest.csv").write_text(",".join(COLUMNS) + "\n")
    second.finish("resumed", IntensityMap(0, 255, "grey 8 bit", "uint8"))
    store = Store.open(tmp_path)
    np.testing.assert_array_equal(store.images, pixels)
    np.testing.assert_array_equal(store.masks, masks)


def test_images_without_a_mask_get_an_empty_one(tmp_path):
    pixels = draw(4)
    writer = StoreWriter(tmp_path, 16, "uint8")
    for index, image in enumerate(pixels):
        writer.append(image, np.ones((16, 16), bool) if index == 2 else None)
    (tmp_path / "manifest.csv").write_text(",".join(COLUMNS) + "\n")
    writer.finish("masked", IntensityMap(0, 255, "grey 8 bit", "uint8"))
    assert np.asarray(Store.open(tmp_path).masks).any((1, 2)).tolist() == [False, False, True, False]


@pytest.mark.parametrize("shape", [(16, 15), (15, 16), (17, 16), (256,)])
def test_an_image_of_another_shape_is_not_written(tmp_path, shape):
    writer = StoreWriter(tmp_path, 16, "uint8")
    with pytest.raises(ValueError, match="expected shape"):
        writer.append(np.zeros(shape, np.uint8))
    assert writer.count == 0


def test_fingerprint_does_not_depend_on_the_secret_behind_pseudonyms(make_store, tmp_path):
    def fingerprint(names):
        rows = [{"patient": name, "label": "a"} for name in names]
        return make_store(rows, draw(3), path=tmp_path / secrets.token_hex(4)).fingerprint

    assert fingerprint(["p1", "p2", "p1"]) == fingerprint(["x", "a", "x"])
    assert fingerprint(["p1", "p2", "p2"]) != fingerprint(["p1", "p2", "p1"])


def test_findings_and_anatomy_are_kept_apart(tmp_path):
    pixels, writer = draw(4), StoreWriter(tmp_path, 16, "uint8")
    mask, lungs = pixels[1] > 128, pixels[2] > 64
    for image, masks in zip(pixels, ({}, {"mask": mask}, {"anatomy": lungs}, {}), strict=True):
        writer.append(image, **masks)
    save_csv(tmp_path / "manifest.csv", COLUMNS, [])
    writer.finish("both", IntensityMap(0, 255, "grey", "uint8"))
    store = Store.open(tmp_path)
    empty = np.zeros_like(mask)
    np.testing.assert_array_equal(store.masks, [empty, mask, empty, empty])
    np.testing.assert_array_equal(store.anatomy, [empty, empty, lungs, empty])


def test_a_change_of_the_anatomy_is_noticed(tmp_path):
    writer = StoreWriter(tmp_path, 16, "uint8")
    for image in draw(2):
        writer.append(image, anatomy=image > 128)
    save_csv(tmp_path / "manifest.csv", COLUMNS, [])
    writer.finish("both", IntensityMap(0, 255, "grey", "uint8"))
    np.save(tmp_path / "anatomy.npy", np.zeros((2, 16, 16), bool))
    with pytest.raises(UserError, match="changed after it was written"):
        Store.open(tmp_path).verify()


def test_a_store_written_before_there_was_a_column_for_anatomy_is_read(make_store):
    store = make_store(ROWS, draw(5))
    table = (store.path / "manifest.csv").read_text("utf-8").splitlines()
    assert table[0].endswith(",anatomy,added")
    (store.path / "manifest.csv").write_text("\n".join(row.rsplit(",", 2)[0] for row in table) + "\n", "utf-8")
    old = Store.open(store.path)
    assert [sample.anatomy for sample in old.samples()] == [False] * 5
    assert old.column("anatomy").tolist() == read_columns(old)["anatomy"].tolist() == ["no"] * 5
    assert "anatomy" not in read_columns(old, only=("label",)) | read_columns(old, leave_out=("anatomy",))
    assert old.anatomy is None


@pytest.mark.parametrize(
    ("former", "header", "words"),
    [
        ("boxes", "box", "has the columns 'box'"),
        ("boxes,", ",", "has the columns ''"),
        ("view", "lesion", "has no column view|has the columns 'lesion'"),
        ("label,patient", "patient,label", "has its columns in another order"),
        ("label,", "patient,", "a column is there twice|has no column label"),
    ],
)
def test_another_header_is_damage_although_no_cell_has_changed(make_store, former, header, words):
    store = make_store(ROWS, draw(5))
    first, _, rest = (store.path / "manifest.csv").read_text("utf-8").partition("\n")
    assert former in first
    (store.path / "manifest.csv").write_text(f"{first.replace(former, header, 1)}\n{rest}", "utf-8")
    for read in (Store.verify, read_columns, lambda one: one.column("split"), lambda one: list(one.samples())):
        with pytest.raises(UserError, match=rf"manifest\.csv is damaged: .*({words})"):
            read(Store.open(store.path))


def test_truth_is_yes_or_no_and_1_and_0_of_older_stores_are_read_as_such(make_store):
    store = make_store([{**row, "coloured": n == 2} for n, row in enumerate(ROWS)])
    assert store.column("coloured").tolist() == ["no", "no", "yes", "no", "no"]
    rows = [{**row, "coloured": int(row["coloured"] == "yes")} for row in read_csv(store.path / "manifest.csv")]
    save_csv(store.path / "manifest.csv", [name for name in COLUMNS if name != "anatomy"], rows)
    old = Store.open(store.path)
    assert old.column("coloured").tolist() == read_columns(old)["coloured"].tolist() == ["no", "no", "yes", "no", "no"]
    assert [sample.coloured for sample in old.samples()] == [False, False, True, False, False]
    assert set(old.column("anatomy").tolist()) == {"no"}
    save_csv(store.path / "manifest.csv", COLUMNS, [{**row, "coloured": "maybe"} for row in rows])
    with pytest.raises(UserError, match=r"coloured: got 'maybe'; allowed: yes or no"):
        list(Store.open(store.path).samples())
