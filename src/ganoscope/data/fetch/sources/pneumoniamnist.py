"""PneumoniaMNIST: chest X-rays of children, normal or pneumonia, 5,856 images."""

from ganoscope.data.fetch import Source

SOURCE = Source(
    title="PneumoniaMNIST (MedMNIST v2): chest X-rays of children, normal or pneumonia, 5,856 images",
    client="medmnist",
    key="pneumoniamnist",
    page="https://doi.org/10.5281/zenodo.10519652",
    file="pneumoniamnist{size}.npz",
    licence="CC BY 4.0",
    citation="Yang et al., MedMNIST v2, Scientific Data 10, 2023, https://doi.org/10.1038/s41597-022-01721-8; "
    "Kermany et al., Cell 172, 2018, https://doi.org/10.1016/j.cell.2018.02.010",
    warning="no patient ids",
)
