"""Stacks: slices of one series fall into volumes, whatever the order in which they come."""

import random
from dataclasses import replace

import pytest

from ganoscope.data.dicom.stacks import TRAITS, Plane, split

AXIAL, CORONAL = (1.0, 0, 0, 0, 1, 0), (1.0, 0, 0, 0, 0, -1)
NAMES = list(TRAITS)


def make_plane(position, cosines=AXIAL, spacing=(0.7, 0.7), shape=(64, 64), **traits):
    values = [""] * len(NAMES)
    for name, value in traits.items():
        values[NAMES.index(name)] = value
    return Plane("MR", shape, cosines, spacing, position, tuple(values))


def split_shuffled(planes, seed=3):
    """Returns the positions and traits of every stack, in no order, with what told it apart and its fault."""
    shuffled = list(planes)
    random.Random(seed).shuffle(shuffled)
    stacks = (([shuffled[index] for index in s.members], s) for s in split(shuffled))
    found = [([plane.position_mm for plane in planes], s.told_by, s.fault, planes) for planes, s in stacks]
    return sorted(found, key=str)


def test_one_volume_is_one_stack_in_the_order_of_positions():
    ((positions, told_by, fault, _),) = split_shuffled([make_plane(float(z)) for z in range(9)])
    assert (positions, told_by, fault) == ([float(z) for z in range(9)], (), "")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("EchoNumbers", ("1", "2", "3")),
        ("EchoTime", ("4.9", "9.8")),
        ("ImageType", ("['ORIGINAL', 'PRIMARY', 'M']", "['ORIGINAL', 'PRIMARY', 'P']")),
        ("DiffusionBValue", ("0", "1000")),
        ("AcquisitionNumber", ("1", "2")),
        ("TemporalPositionIdentifier", ("1", "2", "3", "4")),
        ("KVP", ("80", "140")),
    ],
)
def test_values_tell_volumes_apart(name, values):
    stacks = split_shuffled([make_plane(3.0 * z, **{name: value}) for z in range(5) for value in values])
    assert len(stacks) == len(values)
    for positions, told_by, fault, members in stacks:
        assert (positions, told_by, fault) == ([0, 3, 6, 9, 12], (name,), "")
        assert len({plane.traits for plane in members}) == 1


@pytest.mark.parametrize("name", ["TriggerTime", "AcquisitionTime", "ContentTime"])
def test_times_that_differ_from_slice_to_slice_count_by_their_order(name):
    stacks = split_shuffled([make_plane(float(z), **{name: f"{100 * t + z}"}) for z in range(4) for t in range(3)])
    assert [told_by for _, told_by, _, _ in stacks] == [(name,)] * 3
    times = sorted([int(plane.traits[NAMES.index(name)]) // 100 for plane in members] for *_, members in stacks)
    assert times == [[0] * 4, [1] * 4, [2] * 4]


def test_two_attributes_divide_twice():
    planes = [
        make_plane(float(z), EchoNumbers=str(echo), TemporalPositionIdentifier=str(time))
        for z in range(3)
        for echo in (1, 2)
        for time in (1, 2)
    ]
    stacks = split_shuffled(planes)
    assert [(positions, set(told_by)) for positions, told_by, *_ in stacks] == [
        ([0.0, 1.0, 2.0], {"EchoNumbers", "TemporalPositionIdentifier"})
    ] * 4


def test_indices_of_dimensions_tell_frames_apart_but_not_the_one_of_positions():
    planes = [make_plane(float(z), DimensionIndexValues=f"[1, {z + 1}, {t}]") for z in range(4) for t in (1, 2)]
    assert [positions for positions, *_ in split_shuffled(planes)] == [[0, 1, 2, 3]] * 2


def test_a_number_that_every_slice_has_for_itself_divides_nothing():
    planes = [
        make_plane(float(z), InstanceNumber=str(2 * z + k), AcquisitionNumber=str(2 * z + k))
        for z in range(4)
        for k in (0, 1)
    ]
    ((positions, told_by, fault, _),) = split_shuffled(planes)
    assert (len(positions), told_by) == (8, ())
    assert fault.startswith("4 of 8 slices lie where another one does, more than one volume in the series; ")
    assert "they differ in AcquisitionNumber, InstanceNumber; keep one slice" in fault


def test_a_single_slice_beside_a_volume_is_left_out_with_its_reason():
    volume = [make_plane(float(z)) for z in range(4)]
    scout = make_plane(0.0, CORONAL, (2.0, 2.0), (96, 96))
    again = make_plane(2.0, AcquisitionNumber="2")
    faults = sorted(fault for *_, fault, _ in split_shuffled([*volume, scout]) if fault)
    assert faults == [
        "a single slice of another picture size, orientation, pixel spacing beside the volume of its series: a scout "
        "or a stray slice"
    ]
    (fault,) = [fault for *_, fault, _ in split_shuffled([*volume, again]) if fault]
    assert "told apart by AcquisitionNumber" in fault


def test_slices_of_all_directions_and_one_place_in_time_are_each_kept():
    across = [make_plane(0.0), make_plane(0.0, CORONAL), make_plane(0.0, (0, 1.0, 0, 0, 0, -1))]
    assert [(len(p), fault) for p, _, fault, _ in split_shuffled(across)] == [(1, "")] * 3
    beating = [make_plane(5.0, TriggerTime=str(t)) for t in range(6)]
    assert [(len(p), fault) for p, _, fault, _ in split_shuffled(beating)] == [(1, "")] * 6


def test_radiographs_stay_together_and_an_unknown_place_fits_anywhere():
    films = [Plane("DX", (40, 50)), Plane("DX", (60, 50))]
    assert [stack.members for stack in split(films)] == [(0, 1)]
    lost = replace(make_plane(0.0), position_mm=None, cosines=())
    assert [stack.members for stack in split([lost, make_plane(4.0), make_plane(1.0)])] == [(1, 2, 0)]
