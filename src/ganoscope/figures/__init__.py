"""Drawing: contact sheets, heat maps over images, and the look of charts."""
