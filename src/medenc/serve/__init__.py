"""HTTP: a search page and a JSON interface over one index and some models, on this machine only."""
