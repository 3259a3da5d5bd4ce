"""EC2 with instances that are real: what moto's backend lacks for hosts that take time to start and stop."""
