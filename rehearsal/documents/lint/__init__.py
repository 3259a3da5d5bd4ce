"""The checker: collects documents, runs the rules, drops what is ignored with a reason, and reports."""
