"""What an index or a model achieves on judged queries: scores with intervals, leaks, slices, a readable report."""
