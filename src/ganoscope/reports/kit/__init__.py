"""What all pages share: content as data, alarm cards, pictures, style, and the base template."""
