"""Networks, without losses."""
