"""What is looked for in every store, and where the page about it shows the evidence."""

from dataclasses import dataclass

from ganoscope.data.checks.part_sizes import FEW_IMAGES


@dataclass(frozen=True)
class Need:
    """Values that a column of the manifest must have before something can be looked for.

    Attributes:
        column: Its name.
        least: Different values, other than "" and 0, that it must have at least.
        lacking: What is said where it has fewer.
    """

    column: str
    least: int
    lacking: str


@dataclass(frozen=True)
class Subject:
    """Something that is looked for in every store.

    Attributes:
        looked_for: What, in words.
        codes: Codes of the alarms that it raises.
        anchor: Section of the page that shows the evidence.
        section: Title of that section.
        table: File of the store without which it can't be looked for, or "".
        needs: Column of the manifest without whose values it can't be looked for, or None.
    """

    looked_for: str
    codes: tuple[str, ...]
    anchor: str
    section: str
    table: str = ""
    needs: Need | None = None


SUBJECTS = (
    Subject("Patients or groups of near-duplicates in two splits", ("split_crossing",), "counts", "Counts"),
    Subject(f"Fewer than {FEW_IMAGES} training images, splits of one class, few held-out images of a class, few "
            "independent groups held out", ("single_class_part", "thin_classes", "few_images", "few_groups"),
            "counts", "Counts"),
    Subject("Images that were generated, by what their files say", ("synthetic_images",), "counts", "Counts"),
    Subject("Two persons under one patient id", ("patient_id_conflict",), "patients", "Patients",
            needs=Need("patient", 1, "no patient id is known")),
    Subject("Unknown patients, patients with very many images, patients in several classes",
            ("patients_unknown", "uneven_patients", "patients_in_several_classes"), "patients", "Patients"),
    Subject("Exact copies", ("exact_copies",), "duplicates", "Duplicates"),
    Subject("Near-duplicates, also mirrored, turned or with other brightness; duplicates with different labels",
            ("near_duplicates", "label_conflicts"), "duplicates", "Duplicates", "duplicates.csv"),
    Subject("The same image or patient in two of the source's own splits",
            ("source_split_overlap",), "duplicates", "Duplicates"),
    Subject("Facts without pixels that tell the class", ("metadata_shortcut",), "shortcuts", "Shortcuts",
            needs=Need("label", 2, "there are no two classes")),
    Subject("Burnt-in text or markers", ("burnt_in_markers",), "markers", "Burnt-in text and markers",
            needs=Need("searched", 1, "no picture is large enough")),
    Subject("Colour reduced to grey", ("coloured",), "unusual", "Unusual pictures"),
    Subject("More than one modality; signals that look like Hounsfield units", ("mixed_modalities", "unstated_units"),
            "geometry", "Source geometry"),
    Subject("Missing slices, and slice thickness against the distance between slices",
            ("missing_slices", "thickness_spacing"), "series", "Series", "series.csv"),
    Subject("Files that were not taken", ("quarantined",), "not_taken", "Files not taken", "quarantine.csv"),
)  # fmt: skip
