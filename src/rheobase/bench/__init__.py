"""How fast are the functions, beside those of other libraries? Timed in turns, in one run."""
