"""What preflight finds, one file a subject; phases/preflight.py asks them in order. Nothing is changed."""
