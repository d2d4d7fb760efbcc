"""The result of a study for its reader: table, pictures, page."""
