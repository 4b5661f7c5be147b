"""OCTMNIST: retinal OCT, four classes, 109,309 images."""

from ganoscope.data.fetch import Source

SOURCE = Source(
    title="OCTMNIST (MedMNIST v2): retinal OCT, four classes, 109,309 images",
    client="medmnist",
    key="octmnist",
    page="https://doi.org/10.5281/zenodo.10519652",
    file="octmnist{size}.npz",
    licence="CC BY 4.0",
    citation="Yang et al., MedMNIST v2, Scientific Data 10, 2023, https://doi.org/10.1038/s41597-022-01721-8; "
    "Kermany et al., Cell 172, 2018, https://doi.org/10.1016/j.cell.2018.02.010",
    warning="no patient ids",
)
