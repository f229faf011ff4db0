"""What tasks share: features, batches and the way from a model's numbers back to the original text."""
