"""Text: normal form, scripts, words and search terms in three languages, sentences."""
