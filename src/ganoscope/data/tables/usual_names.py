"""Names that columns of tables which list images usually bear, normalised, by what they hold."""

ALIASES = {
    "path": (
        *("path", "filename", "file", "image", "file_name", "filepath", "file_path", "image_path", "image_file", "img"),
        *("image_index", "image_id", "imageid", "id_code", "dicom_id", "image_name", "imagename", "x_ray_image_name"),
        *("image_filename", "imagefile", "img_path", "img_name", "isic_id"),
    ),
    "label": (
        *("label", "class", "target", "category", "labels", "classes", "class_name"),
        *("diagnosis", "finding", "findings", "finding_labels", "disease", "pathology", "dx"),
    ),
    "patient": (
        *("patient", "patient_id", "patientid", "subject", "subject_id", "subjectid", "participant_id"),
        *("participant", "person_id", "case_id", "pid"),
    ),
    "split": ("split", "set", "subset", "partition", "part", "dataset_type"),
    "modality": ("modality",),
    "view": ("view", "view_position", "viewposition", "position", "projection", "ap/pa", "frontal/lateral"),
    "boxes": ("boxes", "box", "bbox", "bboxes"),
    "mask": ("mask", "mask_path", "segmentation"),
    "anatomy": ("anatomy", "anatomy_mask", "lung_mask", "lungs", "organ_mask", "body_mask"),
}
KNOWN = frozenset(name for names in ALIASES.values() for name in names)
PERSONAL = frozenset(
    [
        "sex",
        "gender",
        "m/f",
        "hand",
        "handedness",
        "age",
        "race",
        "ethnicity",
        "site",
        "scanner",
        "manufacturer",
        "visit",
    ]
)
"""Columns about the person or the scan whose values repeat as classes do, and are none by themselves."""
