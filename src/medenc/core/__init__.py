"""What everything stands on: errors, options, plug-ins, files and artifacts."""
