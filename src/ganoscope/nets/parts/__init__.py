"""Parts that several networks share: projections, norms, buffers, heads."""
