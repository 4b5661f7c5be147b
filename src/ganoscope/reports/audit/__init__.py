"""The scorecard of an audit in words: printed, as plain text, and as a page."""
