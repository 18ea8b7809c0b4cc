"""What goes on beside the phases while a run is at work."""
