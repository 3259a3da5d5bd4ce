"""Systems Manager: moto's Parameter Store; our documents, Run Command, agents and State Manager."""
