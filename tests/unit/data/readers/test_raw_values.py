"""Values without a unit: no value is changed unless the user states HU, and impossible HU are refused."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ganoscope.data.picture import UnreadableError
from ganoscope.data.readers._raw_values import Meaning, convert, find_meaning, make_picture

INTEGERS = st.sampled_from(["i1", "u1", "<i2", ">i2", "u2", "i4", "u4", ">i8", "u8"])
WHOLE = INTEGERS.flatmap(lambda dtype: arrays(dtype, (3, 4)))
REAL = arrays(np.float32, (3, 4), elements=st.floats(-(2.0**100), 2.0**100, width=32))


@given(WHOLE | REAL)
def test_a_signal_keeps_every_value_in_the_smallest_exact_type(values):
    meaning = find_meaning([values[:1], values[1:]], None)
    pixels = convert(values, meaning)
    assert pixels.dtype == meaning.dtype
    if meaning.dtype == "float32":
        np.testing.assert_array_equal(pixels, values.astype(np.float32))
        fits = any((values >= low).all() and (values <= high).all() for low, high in ((-32768, 32767), (0, 65535)))
        assert not fits or (values != np.rint(values)).any()
    else:
        np.testing.assert_array_equal(pixels.astype(object), values.astype(object))
        assert (meaning.dtype == "uint16") == (values.min() >= 0)


@given(
    arrays(np.int64, (4, 4), elements=st.integers(-1024, 3071)),
    st.integers(-30_000, 30_000),
    st.sampled_from([np.int64, np.int32, np.float32, np.float64]),
)
def test_the_way_from_hu_and_back_is_exact(hu, offset, dtype):
    assume(hu.min() < 0)
    meaning = find_meaning([(hu + offset).astype(dtype)], offset)
    assert meaning == Meaning("HU", "int16", offset)
    np.testing.assert_array_equal(convert((hu + offset).astype(dtype), meaning), hu)


@pytest.mark.parametrize("offset", [0, 1024])
@pytest.mark.parametrize("padding", [-2049, -3024, -32_768, -1e20])
def test_one_value_below_everything_is_padding_wherever_it_lies(offset, padding):
    values = np.full((2, 3, 4), -1000.0) + offset
    values[1, 1, 1] = values[0, 2, 3] = padding + offset
    pixels = convert(values, find_meaning(values, offset))
    np.testing.assert_array_equal(pixels, np.where(values == padding + offset, -2048, -1000))


def test_any_value_below_the_range_is_padding_and_any_above_is_clipped():
    values = np.array([[-1000, -3000, -3001, 40], [-2049, -2048, 32767, 32768]])
    picture = make_picture(values, find_meaning([values], 0), frame=3)
    np.testing.assert_array_equal(picture.pixels, [[-1000, -2048, -2048, 40], [-2048, -2048, 32767, 32767]])
    assert (picture.padded_px, picture.clipped_px, picture.frame) == (3, 1, 3)


def test_an_offset_that_leaves_nothing_of_a_body_is_refused():
    with pytest.raises(UnreadableError, match="no value above -1024 HU after the offset"):
        find_meaning([np.arange(0, 4000, 7)], 6000)


@given(
    arrays(np.float64, (2, 3), elements=st.floats(-1e6, 1e6)),
    st.sampled_from([np.nan, np.inf, -np.inf]),
    st.integers(0, 5),
    st.sampled_from([None, 0]),
)
def test_values_that_are_no_numbers_never_pass(values, value, at, offset):
    values.ravel()[at] = value
    with pytest.raises(UnreadableError, match="no numbers"):
        find_meaning(values, offset)
