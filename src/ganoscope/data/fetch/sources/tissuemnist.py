"""TissueMNIST: kidney cortex microscopy, eight cell types, 236,386 images."""

from ganoscope.data.fetch import Source

SOURCE = Source(
    title="TissueMNIST (MedMNIST v2): kidney cortex microscopy, eight cell types, 236,386 images",
    client="medmnist",
    key="tissuemnist",
    page="https://doi.org/10.5281/zenodo.10519652",
    file="tissuemnist{size}.npz",
    licence="CC BY 4.0",
    citation="Yang et al., MedMNIST v2, Scientific Data 10, 2023, https://doi.org/10.1038/s41597-022-01721-8; "
    "Ljosa, Sokolnicki and Carpenter, Nature Methods 9, 2012, https://doi.org/10.1038/nmeth.2083",
    warning="no patient ids",
)
