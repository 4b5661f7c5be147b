"""OrganAMNIST: abdominal CT, axial, eleven organs, 58,830 images."""

from ganoscope.data.fetch import Source

SOURCE = Source(
    title="OrganAMNIST (MedMNIST v2): abdominal CT, axial, eleven organs, 58,830 images",
    client="medmnist",
    key="organamnist",
    page="https://doi.org/10.5281/zenodo.10519652",
    file="organamnist{size}.npz",
    licence="CC BY 4.0",
    citation="Yang et al., MedMNIST v2, Scientific Data 10, 2023, https://doi.org/10.1038/s41597-022-01721-8; "
    "Bilic et al., The Liver Tumor Segmentation Benchmark, Medical Image Analysis 84, 2023, "
    "https://doi.org/10.1016/j.media.2022.102680",
    warning="no patient ids; grey values of a CT window, not Hounsfield units",
)
