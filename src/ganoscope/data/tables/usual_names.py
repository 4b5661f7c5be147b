"""Names that columns of tables which list images usually bear, normalised, by what they hold.

English, German, French, Spanish, Italian and Portuguese; punctuation, spaces and accents do not matter (`fold`).

"""

import re
import unicodedata
from collections.abc import Iterable

ALIASES = {
    "path": (
        *("path", "filename", "file", "image", "file_name", "filepath", "file_path", "image_path", "image_file", "img"),
        *("image_index", "image_id", "imageid", "id_code", "dicom_id", "image_name", "imagename", "x_ray_image_name"),
        *("image_filename", "imagefile", "img_path", "img_name", "isic_id"),
        *("pfad", "dateiname", "datei", "dateipfad", "bild", "bildname", "bilddatei", "bildpfad"),
        *("fichier", "nom_fichier", "nom_du_fichier", "chemin", "archivo", "nombre_archivo", "nombre_de_archivo"),
        *("fichero", "ruta", "imagen", "nome_file", "percorso", "immagine", "arquivo", "nome_do_arquivo", "caminho"),
        *("imagem",),
    ),
    "label": (
        *("label", "class", "target", "category", "labels", "classes", "class_name"),
        *("diagnosis", "finding", "findings", "finding_labels", "disease", "pathology", "dx"),
        *("befund", "diagnose", "klasse", "kategorie", "diagnostic", "classe", "categorie", "diagnostico", "clase"),
        *("categoria", "hallazgo", "diagnosi", "reperto", "achado"),
    ),
    "patient": (
        *("patient", "patient_id", "patientid", "subject", "subject_id", "subjectid", "participant_id"),
        *("participant", "person_id", "case_id", "pid"),
        *("pat_id", "pat_nr", "patnr", "patient_nr", "patienten_nr", "patienten_id", "patientennummer", "patientin"),
        *("patient_no", "patient_number", "proband", "probanden_id", "probanden_nr", "id_patient", "numero_patient"),
        *("paciente", "id_paciente", "paciente_id", "paziente", "id_paziente", "paziente_id"),
    ),
    "split": (
        "split",
        "set",
        "subset",
        "partition",
        "part",
        "dataset_type",
        "aufteilung",
        "teilmenge",
        "particion",
        "particao",
    ),
    "modality": ("modality",),
    "view": (
        "view",
        "view_position",
        "viewposition",
        "position",
        "projection",
        "ap/pa",
        "frontal/lateral",
        "projektion",
        "proyeccion",
        "proiezione",
        "projecao",
    ),
    "boxes": ("boxes", "box", "bbox", "bboxes"),
    "mask": ("mask", "mask_path", "segmentation"),
    "anatomy": ("anatomy", "anatomy_mask", "lung_mask", "lungs", "organ_mask", "body_mask"),
}


def fold(key: str) -> str:
    """Returns the letters and digits of a column name in lower case, without accents.

    Example:
        >>> fold("Pat.-ID"), fold("Diagnóstico")
        ('patid', 'diagnostico')
    """
    plain = unicodedata.normalize("NFKD", key.lower())
    return re.sub(r"[\W_]+", "", "".join(letter for letter in plain if not unicodedata.combining(letter)))


def list_folded(names: Iterable[str]) -> frozenset[str]:
    """Returns names of columns as `fold` compares them."""
    return frozenset(map(fold, names))


KNOWN = list_folded(name for names in ALIASES.values() for name in names)
PERSONAL = list_folded(
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
        *("geschlecht", "geschl", "alter", "sexe", "sexo", "sesso", "edad", "eta", "idade", "untersuchungsdatum"),
    ]
)
"""Columns about the person or the scan whose values repeat as classes do, and are none by themselves."""
