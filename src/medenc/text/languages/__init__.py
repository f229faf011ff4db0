"""Languages: the plug-ins of the analyzer, one file each."""
