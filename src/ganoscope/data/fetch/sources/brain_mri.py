"""Brain Tumor MRI Dataset (Nickparvar): glioma, meningioma, pituitary tumour and none, 7,023 slices."""

from ganoscope.data.fetch import Source

SOURCE = Source(
    title="Brain Tumor MRI Dataset: slices of several sequences and planes, JPEG; about 150 MB",
    client="kaggle dataset",
    key="masoudnickparvar/brain-tumor-mri-dataset",
    page="https://www.kaggle.com/datasets/masoudnickparvar/brain-tumor-mri-dataset",
    file="archive.zip",
    licence="listed as CC0 on Kaggle; it merges sets of other licences (figshare 1512427: CC BY 4.0), unconfirmed",
    citation="M. Nickparvar, Brain Tumor MRI Dataset, Kaggle, 2021, https://doi.org/10.34740/KAGGLE/DSV/2645886",
    warning="no patient ids; many exact, mirrored and rotated copies, also across Training and Testing",
)
