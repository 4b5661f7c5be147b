"""Opens what an audit is given: synthetic images of any origin, and who of the real images plays which part."""
