"""What activation functions do inside a network."""
