"""Systems Manager: moto's Parameter Store and maintenance windows, our documents, Run Command, agents and State Manager."""
