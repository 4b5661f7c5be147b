"""BreastMNIST: breast ultrasound, malignant or not, 780 images."""

from ganoscope.data.fetch import Source

SOURCE = Source(
    title="BreastMNIST (MedMNIST v2): breast ultrasound, malignant or not, 780 images",
    client="medmnist",
    key="breastmnist",
    page="https://doi.org/10.5281/zenodo.10519652",
    file="breastmnist{size}.npz",
    licence="CC BY 4.0",
    citation="Yang et al., MedMNIST v2, Scientific Data 10, 2023, https://doi.org/10.1038/s41597-022-01721-8; Al-"
    "Dhabyani et al., Data in Brief 28, 2020, https://doi.org/10.1016/j.dib.2019.104863",
    warning="no patient ids",
)
