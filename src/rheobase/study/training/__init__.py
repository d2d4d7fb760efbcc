"""How a network is trained: one, many side by side, or by the user's own function; and what it costs."""
