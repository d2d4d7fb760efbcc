"""What was measured once and is shown again: files that this project's own commands wrote."""
