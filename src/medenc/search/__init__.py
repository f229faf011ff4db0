"""Search: documents on disk, found by their words and by their meaning, with evidence."""
