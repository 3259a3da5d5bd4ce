"""CloudTrail's event history: what callers asked for, and what they were refused."""
