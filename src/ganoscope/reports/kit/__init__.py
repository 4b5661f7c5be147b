"""What every page is made of: content, pictures, style, and the template that renders them."""
