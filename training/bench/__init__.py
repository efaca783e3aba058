"""How fast the parts are, measured fairly."""
