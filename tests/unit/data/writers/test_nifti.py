"""NIfTI: stacks of unrelated images state spacing but no orientation. Single slices: test_affines."""

import nibabel as nib
import numpy as np

from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers import read
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.writers import GENERATED, Output, Stack, nifti


def test_hounsfield_units_and_spacing_survive_the_way_through_a_stack(tmp_path):
    pixels = np.random.default_rng(0).integers(-1024, 3071, (20, 32, 32)).astype(np.int16)
    with nifti.open_writer(tmp_path, Stack(20, 32, IntensityMap(-1024, 3071, "HU", "int16"), (), (0.7, 0.8))) as add:
        for number, picture in enumerate(pixels):
            add(Output(picture, "HU", GENERATED), f"{number}", 0)
    pictures = list(read(tmp_path / nifti.NAME, ReadOptions(hu_offset=0)))
    assert np.array_equal(np.stack([picture.pixels for picture in pictures]), pixels)
    assert {(picture.unit, picture.view) for picture in pictures} == {("HU", "")}
    assert np.allclose([picture.spacing_mm for picture in pictures], (0.7, 0.8))


def test_a_stack_states_spacing_where_it_is_known_and_no_orientation():
    known = Stack(7, 32, IntensityMap(0, 255, "grey 8 bit", "uint8"), (), (0.5, 0.6))
    header = nib.Nifti1Header(nifti.make_header(known)[:348])
    assert header.get_data_shape() == (32, 32, 7)
    assert np.allclose(header.get_zooms(), (0.6, 0.5, 1.0))
    assert (header["sform_code"], header["qform_code"], header.get_xyzt_units()[0]) == (0, 0, "mm")
    unknown = Stack(40_000, 32, known.intensity, (), None)
    large = nib.Nifti2Header(nifti.make_header(unknown)[:540])
    assert large.get_data_shape() == (32, 32, 40_000)
    assert large.get_xyzt_units()[0] == "unknown"


def test_marks_fit_the_header():
    from ganoscope.data.writers import TRANSLATED

    assert all(len(mark.short) < 80 for mark in (GENERATED, TRANSLATED))
