"""What the scores of a study decide, and the words that say so."""
