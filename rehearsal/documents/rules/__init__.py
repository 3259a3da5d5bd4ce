"""One folder a rule: ``rule.py`` with its ``RULE``, a document that keeps the rule and one that breaks it."""
