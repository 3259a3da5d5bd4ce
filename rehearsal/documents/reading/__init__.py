"""Readers of YAML and JSON text that keep positions and bound what they accept."""
