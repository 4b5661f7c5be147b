"""Words in the names of folders and files of medical data sets, and what each says."""

import re
from functools import lru_cache

from ganoscope.data.levels.other_languages import compose, list_words, translate_name

SPLIT_OF_FOLDER = {
    **dict.fromkeys(("train", "training", "trainset", "training_set", "trainval"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "testset", "test_set", "holdout"), "test"),
}
SPLIT_WORDS = {
    **{name: split for name, split in SPLIT_OF_FOLDER.items() if name.isalpha()},
    "tr": "train",
    "va": "validation",
    "vl": "validation",
    "ts": "test",
}
SHORT_SPLITS = frozenset(("tr", "va", "vl", "ts"))
"""Splits that count only beside another word, as in `imagesTr`."""
SPLIT_FILLERS = frozenset(("set", "data", "dataset", "folder", "split", "samples", "cases", "stage", "subset"))

FILMS = list_words("cxr cxrs xray xrays radiograph radiographs film films")
"""Words for radiographs: of pictures where they stand beside another such word, else of how they were taken."""
PICTURES = FILMS | list_words(
    "image images img imgs picture pictures photo photos frame frames slice slices scans volume volumes vol "
    "vols imaging original originals orig"
)
"""Words for pictures: folders that hold them, and parts of their names (`volume-0`, `img_12`)."""
CONTAINERS = (PICTURES - FILMS) | list_words(
    "png pngs jpg jpgs jpeg tif tiff bmp dcm dicom dicoms nifti nii npy npz data dataset datasets database "
    "files raw processed preprocessed archive input inputs kaggle download downloads working resized cropped "
    "grayscale gray grey rgb all content anat func dwi fmap perf derivatives rawdata sourcedata pred predict "
    "unlabeled unlabelled"
)
"""Words for folders that say nothing about the pictures in them; never classes."""
WHOLE_SETS = list_words("data dataset datasets database archive collection set")
"""Last words of names of whole data sets, whatever stands before."""
MODALITIES = list_words("ct cts mr mri xr cr dx dr us pet x ray rays cbct ldct hrct mra cta ultrasound")

MASKS = list_words(
    "mask masks label labels labelmap labelmaps seg segs segm segmentation segmentations annotation "
    "annotations gt gts groundtruth groundtruths contour contours roi rois delineation delineations truth truths "
    "outline outlines "
    "lungmask"
)
DRAWN = list_words("manual manual1 manual2 1st 2nd 3rd st nd rd observer expert reader drawn first second third")
"""Words for who drew masks: folders called so and with `manual` hold masks."""
MASKS_ALONE = list_words("mask masks seg segs segm segmentation segmentations annotation annotations labelmap lungmask")
"""Words for masks that need no picture beside them to be believed in file names of pictures."""
ANATOMY = list_words(
    "lung lungs lungmask heart brain organ organs body field fields liver kidney kidneys spleen bone bones "
    "skull prostate breast thorax chest left right lobe lobes airway airways vessel vessels ventricle "
    "ventricles clavicle clavicles rib ribs optic disc disk cup macula nerve thyroid trachea aorta"
)
FINDINGS = list_words(
    "lesion lesions tumor tumors tumour tumours infection infections opacity opacities nodule nodules cancer "
    "mass masses polyp polyps haemorrhage hemorrhage stroke infarct metastasis metastases abnormality "
    "abnormalities pneumothorax effusion consolidation ggo finding findings gtv pathology cyst cysts fracture "
    "fractures plaque plaques haemorrhages hemorrhages microaneurysm microaneurysms exudate exudates"
)
MASK_FILLERS = (
    ANATOMY
    | FINDINGS
    | CONTAINERS
    | MODALITIES
    | list_words("manual auto expert binary ground trainval pred and hard soft")
    | SPLIT_WORDS.keys()
)
"""Words that may stand beside a word for masks in the name of a folder of masks."""

DIAGNOSES = FINDINGS | list_words(
    "normal healthy abnormal positive negative covid corona coronavirus ncov sars pneumonia viral bacterial "
    "bacteria virus tb tuberculosis cancerous carcinoma adenocarcinoma squamous benign malignant bengin "
    "glioma meningioma pituitary hgg lgg gbm glioblastoma notumor stone calcification edema oedema emphysema "
    "fibrosis copd asthma cardiomegaly atelectasis infiltration hernia fractured bleed bleeding ischemic "
    "ischaemic ischemia demented dementia nondemented alzheimer alzheimers mci emci lmci cn ad parkinson "
    "sclerosis epilepsy schizophrenia autism control controls sick ill well diseased disease infected "
    "uninfected noninfected nofinding yes no cap osteoarthritis arthritis osteoporosis scoliosis melanoma "
    "cirrhosis steatosis calc calcifications aneurysm stenosis hydrocephalus atrophy fatty impaired impairment"
)
HEALTHY = list_words(
    "normal healthy negative control controls nofinding notumor nondemented uninfected noninfected cn well no"
)
"""Words for pictures without disease."""
SITES = list_words(
    "hospital site center centre clinic clinical institution institute university vendor scanner cohort "
    "source country manufacturer"
)
"""Words for where pictures come from: one suffices in a name."""
PERSONS = list_words("male female men women adult adults child children paediatric pediatric")
ATTRIBUTES = (
    MODALITIES
    | FILMS
    | PERSONS
    | list_words(
        "wrist elbow finger forearm hand humerus shoulder hip knee ankle foot leg arm abdomen abdominal pelvis "
        "head neck spine chest thorax brain liver lung lungs heart kidney breast prostate axial coronal sagittal "
        "transverse oblique frontal lateral ap pa side left right "
        "ge siemens philips toshiba canon fuji fujifilm hitachi flair swi adc pd "
        "tof arterial venous portal delayed"
    )
)
"""Words for how and where pictures were taken; a class only where no other folder can be one."""
ORDINALS = list_words(
    "class grade stage type kl birads rads level category cat group cluster score domain label finding cdr "
    "gleason isup tirads lirads pirads c g"
)
"""Words before the number of a class, as in `grade 2`."""

VIEWS = list_words(
    "cc mlo ml lm xccl cv at tan t t1w t2w t1ce flair dwi adc pre post mg l r rt lt "
    "anon od os ou study visit session ses series scan exam run time point followup baseline"
)
"""Further words for how a picture was taken, beside the id of a patient."""
BESIDE_PERSONS = (
    DIAGNOSES | ATTRIBUTES | PICTURES | MODALITIES | VIEWS | frozenset((*SPLIT_WORDS, "full", "mammogram"))
) - PERSONS
"""Words beside the id of a patient that tell no persons apart."""

MEDICAL = list_words(
    "optic disc disk cup nerve macula macular retina retinal drusen blood vein artery cell cells nucleus tissue stroma "
    "basal duct colon colorectal gastric stomach esophagus skin hair nail tooth teeth dental bone marrow muscle joint "
    "spinal cord disease syndrome deficiency density type class grade stage group image images scan scans no not non "
    "very mild moderate severe early late acute chronic high low mid big small large other others good bad poor "
    "true false pre post after before with without mixed multiple single open closed background border "
    "hematoma haematoma trauma injury implant device pacemaker support catheter tube rest stress exercise "
    "white black grey gray matter fluid water fat air ground glass honeycomb crazy paving pleural lymph node nodes "
    "adipose smooth debris mucus benign keratosis nevus nevi naevus wart ulcer burn wound rash acne eczema psoriasis"
)
"""Words of medicine in names of classes beside those of disease, site and view."""
ENGLISH = (
    CONTAINERS | FILMS | MODALITIES | MASKS | DRAWN | MASK_FILLERS | DIAGNOSES | SITES | ATTRIBUTES | ORDINALS
).union(SPLIT_WORDS.keys(), SPLIT_FILLERS, MEDICAL)
"""All words that say something about a folder."""
MEDICAL_END = re.compile(
    r"(?:[^\W\d_]{2,}(?:itis|oma|omas|osis|oses|emia|aemia|pathy|plasia|trophy|ectasis|algia|ectomy|gram|graphy|scopy|"
    r"genic|thelium|cyte|cytes|phil|phils|blast|blasts|oid|ular|inal|ous|eal|ural|ative|ated))$"
)
TWO_NAMES = re.compile(
    r"[A-Z][^\W\d_A-Z]+(?:[ _.-]+[A-Z]\.?)?[ _.-]+(?:(?:von|van|de|der|den|da|di|la|el|al|bin)[ _-])*"
    r"(?:Mc|Mac|O'|De|Di)?[A-Z][^\W\d_A-Z]+(?:-[A-Z][^\W\d_A-Z]+)?"
)
NAMED_SHARE = 0.8
"""Share of two-word names from which on folders may be called as persons."""

COVID = re.compile(r"(?<=covid)[\s_-]*(?:19|2019)(?!\d)|(?<=cov)[\s_-]*(?:2|2019)(?!\d)", re.IGNORECASE)
SEQUENCE = re.compile(r"t[12](w|ce|gd|c|n|star|wi|map|post|pre)?", re.IGNORECASE)


@lru_cache(1 << 16)
def split_words(name: str) -> tuple[str, ...]:
    """Returns the words and numbers of a name in lower case, those of other languages in English.

    Example:
        >>> split_words("ManualMask"), split_words("images_001"), split_words("CT_NonCOVID-19")
        (('manual', 'mask'), ('images', '001'), ('ct', 'non', 'covid'))
        >>> split_words("Lungenmasken"), split_words("Bilder_001")
        (('lungs', 'masks'), ('images', '001'))
    """
    return translate_name(cut_words(name), ENGLISH.__contains__)


def cut_words(name: str) -> list[str]:
    """Returns the words and numbers of a name in lower case as they are written."""
    plain = COVID.sub("", compose(name))
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", plain)
    return re.findall(r"[^\W\d]+|\d+", apart.casefold())


def is_diagnosis(name: str) -> bool:
    """Tells whether a name speaks of health or disease.

    Example:
        >>> is_diagnosis("Viral Pneumonia"), is_diagnosis("noncovid"), is_diagnosis("XR_WRIST")
        (True, True, False)
    """
    return any(
        word in DIAGNOSES or any(word.startswith(no) and word[len(no) :] in DIAGNOSES for no in ("non", "no", "not"))
        for word in split_words(name)
    )


def is_healthy(name: str) -> bool:
    """Tells whether the name of a class says that there is no disease.

    Example:
        >>> is_healthy("Normal"), is_healthy("no tumor"), is_healthy("benign"), is_healthy("Non-COVID")
        (True, True, False, False)
    """
    return any(word in HEALTHY for word in split_words(name))


def are_two_names(name: str) -> bool:
    """Tells whether a name has two words with capitals, as first and last names, and none of them is of medicine.

    Example:
        >>> are_two_names("Anna Schmidt"), are_two_names("Viral Pneumonia"), are_two_names("Optic Disc")
        (True, False, False)
    """
    if not TWO_NAMES.fullmatch(compose(name)) or is_diagnosis(name):
        return False
    known = ATTRIBUTES | MEDICAL | ANATOMY | MASKS | CONTAINERS | SITES | SPLIT_WORDS.keys()
    return not any(word in known or MEDICAL_END.search(word) for word in split_words(name))


def tells_persons_apart(name: str) -> bool:
    """Tells whether other persons are meant below another name of this kind: a site, or a sex or age.

    Example:
        >>> tells_persons_apart("hospital_A"), tells_persons_apart("female"), tells_persons_apart("T1")
        (True, True, False)
    """
    parts = split_words(name)
    return any(word in SITES for word in parts) or all(word in PERSONS for word in parts)
