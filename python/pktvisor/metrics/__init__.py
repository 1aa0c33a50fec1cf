"""What is measured: declarations, the plan made of them, and the neutral snapshot."""
