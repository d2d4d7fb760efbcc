"""How exact the functions are: every result measured in units in the last place, and a digest of all of them."""
