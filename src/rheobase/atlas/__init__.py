"""The atlas: every function of the catalogue as a page, in a site that needs no server and no network."""
