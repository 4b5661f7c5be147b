"""Splits the slices of a series, or the frames of a file, into volumes.

One series may hold several: scans of another orientation or size, echoes, time points, b-values, magnitude and phase.
Slices of one volume agree in picture size, pixel spacing and orientation, and no two of them lie at one position. Where
two do, the attribute that tells them apart best splits the stack; times, which may differ from slice to slice, count by
their order at each position.

Source: DICOM PS3.3, A.1.2.3 (series), C.7.6.2 (image plane), C.7.6.16 (functional groups: the order of frames has no
meaning).
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from sys import intern

from pydicom import Dataset

from ganoscope.data.dicom import attributes
from ganoscope.data.dicom.attributes import find_group, get_numbers, get_text

SAME_POSITION_MM = 0.01
"""Two slices closer than this are at one position: the finest scanners advance by 0.05 mm or more."""
SAME_SPACING = 1e-3
"""Relative difference up to which two pixel spacings are the same: headers round."""
SAME_DIRECTION = 0.01
"""Difference up to which two direction cosines are the same (half a degree)."""
SMALLEST_VOLUME = 2
"""A single slice beside a volume of this many slices or more is left out."""

KINDS: dict[str, tuple[tuple[str, str], ...]] = {
    "EchoNumbers": (("", "EchoNumbers"),),
    "EchoTime": (("MREchoSequence", "EffectiveEchoTime"), ("", "EchoTime")),
    "ImageType": (
        ("MRImageFrameTypeSequence", "FrameType"),
        ("CTImageFrameTypeSequence", "FrameType"),
        ("", "ImageType"),
    ),
    "ComplexImageComponent": (("MRImageFrameTypeSequence", "ComplexImageComponent"), ("", "ComplexImageComponent")),
    "DiffusionBValue": (("MRDiffusionSequence", "DiffusionBValue"), ("", "DiffusionBValue")),
    "InversionTime": (("MRModifierSequence", "InversionTimes"), ("", "InversionTime")),
    "FlipAngle": (("MRTimingAndRelatedParametersSequence", "FlipAngle"), ("", "FlipAngle")),
    "RepetitionTime": (("MRTimingAndRelatedParametersSequence", "RepetitionTime"), ("", "RepetitionTime")),
    "SequenceName": (("", "SequenceName"),),
    "KVP": (("CTXRayDetailsSequence", "KVP"), ("", "KVP")),
    "ConvolutionKernel": (("CTReconstructionSequence", "ConvolutionKernel"), ("", "ConvolutionKernel")),
    "TemporalPositionIdentifier": (
        ("FrameContentSequence", "TemporalPositionIndex"),
        ("", "TemporalPositionIdentifier"),
        ("", "TemporalPositionIndex"),
    ),
    "AcquisitionNumber": (("FrameContentSequence", "FrameAcquisitionNumber"), ("", "AcquisitionNumber")),
    "StackID": (("FrameContentSequence", "StackID"),),
    "DimensionIndexValues": (("FrameContentSequence", "DimensionIndexValues"),),
}
"""Attributes whose values tell volumes apart, with the places where they may stand: (functional group, attribute)."""
TIMES: dict[str, tuple[tuple[str, str], ...]] = {
    "TriggerTime": (("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"), ("", "TriggerTime")),
    "TemporalPositionTimeOffset": (("TemporalPositionSequence", "TemporalPositionTimeOffset"),),
    "AcquisitionTime": (("FrameContentSequence", "FrameAcquisitionDateTime"), ("", "AcquisitionTime")),
    "ContentTime": (("FrameContentSequence", "FrameReferenceDateTime"), ("", "ContentTime")),
}
"""Attributes that tell time points apart by the order of their values at each position."""
REMARKS: dict[str, tuple[tuple[str, str], ...]] = {
    "SeriesDescription": (("", "SeriesDescription"),),
    "InstanceNumber": (("", "InstanceNumber"),),
}
"""Attributes that a reason names but that tell nothing about the kind of picture."""
TRAITS = {**KINDS, **TIMES, **REMARKS}
HEADER = " ".join(sorted({keyword for places in TRAITS.values() for group, keyword in places if not group}))
"""Attributes of a single-frame file that tell volumes apart."""


@dataclass(frozen=True, slots=True)
class Plane:
    """What decides the volume that a slice belongs to; it must stay small.

    Attributes:
        modality: DICOM code.
        shape: Rows and columns in pixels.
        cosines: Direction cosines of row and column; () if unknown.
        spacing_mm: Row and column spacing; None if unknown.
        position_mm: Position along the normal; None if unknown.
        traits: Values of `TRAITS` in their order, as text; "" where absent.
    """

    modality: str = ""
    shape: tuple[int, int] = (0, 0)
    cosines: tuple[float, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    position_mm: float | None = None
    traits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices of one volume.

    Attributes:
        members: Indices of the slices, ordered by position where all state one, else as given.
        told_by: Attributes that tell it apart from other volumes of its series.
        fault: Reason why it can't be used; "" if there is none.
    """

    members: tuple[int, ...]
    told_by: tuple[str, ...] = ()
    fault: str = ""


def read_plane(dataset: Dataset, frame: int = 0) -> Plane:
    """Returns what decides the volume that a frame belongs to."""
    modality = attributes.read_modality(dataset)
    rows, columns = (get_numbers(dataset, keyword, 1) or (0.0,) for keyword in ("Rows", "Columns"))
    return Plane(
        modality,
        (int(rows[0]), int(columns[0])),
        attributes.read_cosines(dataset, frame),
        attributes.read_spacing(dataset, frame, modality),
        attributes.read_position(dataset, frame),
        tuple(read_trait(dataset, frame, places) for places in TRAITS.values()),
    )


def read_trait(dataset: Dataset, frame: int, places: Iterable[tuple[str, str]]) -> str:
    """Returns the first value found in the given places as text; "" if there is none.

    Args:
        dataset: Data set.
        frame: Index of the frame, from 0.
        places: Functional group ("" for none) and attribute of each place.
    """
    for group, keyword in places:
        text = get_text(find_group(dataset, frame, group) if group else dataset, keyword)
        if text:
            return intern(text.upper())
    return ""


def split(planes: Sequence[Plane]) -> list[Stack]:
    """Returns the volumes among the slices of one series, in the order of their first slices.

    Slices without an orientation, such as radiographs, are no volume: without any orientation all stay together.
    """
    if not any(plane.cosines for plane in planes):
        return [Stack(tuple(range(len(planes))))]
    groups = group_by_geometry(planes)
    stacks = [stack for members in groups for stack in split_by_traits(planes, members)]
    largest = max(stacks, key=lambda stack: len(stack.members))
    stacks = [leave_out_single(stack, largest, planes) for stack in stacks]
    return sorted((order_by_position(stack, planes) for stack in stacks), key=lambda stack: min(stack.members))


def group_by_geometry(planes: Sequence[Plane]) -> list[list[int]]:
    """Returns the indices of slices that agree in size, spacing and orientation; an unknown orientation fits any."""
    groups: list[list[int]] = []
    for index in sorted(range(len(planes)), key=lambda index: not planes[index].cosines):
        fitting = (members for members in groups if not name_differences(planes[members[0]], planes[index]))
        found = next(fitting, None)
        if found is None:
            groups.append([index])
        else:
            found.append(index)
    return groups


def name_differences(first: Plane, second: Plane) -> list[str]:
    """Returns the names of what differs between the geometries of two slices."""
    one, other = first.spacing_mm or (), second.spacing_mm or ()
    near = len(one) == len(other) and all(abs(a - b) <= SAME_SPACING * a for a, b in zip(one, other, strict=False))
    turned = any(abs(a - b) > SAME_DIRECTION for a, b in zip(first.cosines, second.cosines, strict=False))
    differs = {
        "modality": first.modality != second.modality,
        "picture size": first.shape != second.shape,
        "orientation": turned,
        "pixel spacing": not near,
    }
    return [name for name, different in differs.items() if different]


def split_by_traits(planes: Sequence[Plane], members: Sequence[int], told_by: tuple[str, ...] = ()) -> Iterator[Stack]:
    """Yields stacks without two slices at one position, as far as attributes can tell them apart.

    Args:
        planes: All slices of the series.
        members: Indices of slices that agree in their geometry.
        told_by: Attributes that have told them apart from others so far.
    """
    slots = number_positions([planes[index].position_mm for index in members])
    repeated = count_repeats(slots)
    choices = list(list_choices(planes, members, slots)) if repeated else []
    fewest = min((sum(map(count_repeats, split_slots(slots, keys))) for _, keys in choices), default=repeated)
    if fewest == repeated:
        fault = describe_repeats(planes, members, slots, repeated) if repeated else ""
        yield Stack(tuple(members), told_by, fault)
        return
    name, keys = next(c for c in choices if sum(map(count_repeats, split_slots(slots, c[1]))) == fewest)
    parts: dict[Hashable, list[int]] = {}
    for index, key in zip(members, keys, strict=True):
        parts.setdefault(key, []).append(index)
    for part in parts.values():
        yield from split_by_traits(planes, part, (*told_by, name))


def number_positions(positions: Sequence[float | None]) -> list[int | None]:
    """Returns a number for every position, equal for those within `SAME_POSITION_MM` of the one before.

    Example:
        >>> number_positions([4.0, 0.0, None, 4.001])
        [1, 0, None, 1]
    """
    numbers: list[int | None] = [None] * len(positions)
    number, last = -1, float("-inf")
    for position, index in sorted(
        (position, index) for index, position in enumerate(positions) if position is not None
    ):
        number += position - last >= SAME_POSITION_MM
        numbers[index], last = number, position
    return numbers


def count_repeats(slots: Sequence[int | None]) -> int:
    """Returns the number of slices that lie where another one does."""
    known = [slot for slot in slots if slot is not None]
    return len(known) - len(set(known))


def split_slots(slots: Sequence[int | None], keys: Sequence[Hashable]) -> Iterable[list[int | None]]:
    """Returns the positions of the parts into which keys divide a stack."""
    parts: dict[Hashable, list[int | None]] = {}
    for slot, key in zip(slots, keys, strict=True):
        parts.setdefault(key, []).append(slot)
    return parts.values()


def list_choices(
    planes: Sequence[Plane], members: Sequence[int], slots: Sequence[int | None]
) -> Iterator[tuple[str, list[Hashable]]]:
    """Yields attributes that may divide a stack, with the key of every slice; none cuts it into single slices.

    Args:
        planes: All slices of the series.
        members: Indices of the slices of the stack.
        slots: Number of the position of each.
    """
    least = min(2, len({slot for slot in slots if slot is not None}))
    for number, name in enumerate(TRAITS):
        values = [planes[index].traits[number] for index in members]
        if len(set(values)) < 2 or name in REMARKS:
            continue
        for keys in [rank_times(values, slots)] if name in TIMES else list_values(name, values):
            if len(values) >= least * len(set(keys)):
                yield name, keys


def list_values(name: str, values: Sequence[str]) -> Iterator[list[Hashable]]:
    """Yields the values of an attribute; of indices in several dimensions, those of each dimension."""
    if name != "DimensionIndexValues":
        yield list(values)
        return
    indices = [value.strip("[]").split(",") for value in values]
    for dimension in range(min(map(len, indices))):
        yield [index[dimension] for index in indices]


def rank_times(values: Sequence[str], slots: Sequence[int | None]) -> list[Hashable]:
    """Returns the rank of every time among those at the same position.

    Example:
        >>> rank_times(["120000", "115900", "120001", "115901"], [0, 0, 1, 1])
        [1, 0, 1, 0]
    """
    seen: dict[int | None, set[str]] = {}
    for value, slot in zip(values, slots, strict=True):
        seen.setdefault(slot, set()).add(value)
    ranks = {slot: {v: k for k, v in enumerate(sorted(times, key=order_time))} for slot, times in seen.items()}
    return [ranks[slot][value] for value, slot in zip(values, slots, strict=True)]


def order_time(value: str) -> tuple[float, str]:
    """Returns the sort key of a time, which may be a number or a date with a zone."""
    try:
        return float(value.split("+")[0]), value
    except ValueError:
        return 0.0, value


def describe_repeats(
    planes: Sequence[Plane], members: Sequence[int], slots: Sequence[int | None], repeated: int
) -> str:
    """Returns the reason why slices that share positions are not taken, with the attributes in which they differ.

    Args:
        planes: All slices of the series.
        members: Indices of the slices of the stack.
        slots: Number of the position of each.
        repeated: Number of slices that lie where another one does.
    """
    count = Counter(slots)
    shared = [index for index, slot in zip(members, slots, strict=True) if slot is not None and count[slot] > 1]
    differing = [
        name for number, name in enumerate(TRAITS) if len({planes[index].traits[number] for index in shared}) > 1
    ]
    known = f"they differ in {', '.join(differing)}" if differing else "no known attribute tells them apart"
    return (
        f"{repeated} of {len(members)} slices lie where another one does, more than one volume in the series; {known}; "
        "keep one slice for each position, or give each volume a SeriesInstanceUID of its own"
    )


def leave_out_single(stack: Stack, largest: Stack, planes: Sequence[Plane]) -> Stack:
    """Returns the stack with a fault if it is a single slice beside a volume, as a scout is.

    Args:
        stack: Stack to judge.
        largest: Largest stack of its series.
        planes: All slices of the series.
    """
    if len(stack.members) > 1 or len(largest.members) < SMALLEST_VOLUME:
        return stack
    names = name_differences(planes[largest.members[0]], planes[stack.members[0]])
    what = f"of another {', '.join(names)}" if names else f"told apart by {', '.join(stack.told_by)}"
    return replace(stack, fault=f"a single slice {what} beside the volume of its series: a scout or a stray slice")


def order_by_position(stack: Stack, planes: Sequence[Plane]) -> Stack:
    """Returns the stack with its slices ordered by position if all state one."""
    positions = {index: planes[index].position_mm for index in stack.members}
    if any(position is None for position in positions.values()):
        return stack
    return replace(stack, members=tuple(sorted(stack.members, key=lambda index: (positions[index] or 0.0, index))))
