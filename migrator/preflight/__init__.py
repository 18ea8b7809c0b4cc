"""What preflight finds, one file a subject; checks.py asks them in order. Nothing is changed."""
