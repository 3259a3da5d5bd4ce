"""CloudFormation: stacks that are created, updated, rolled back and deleted as the service does it.

moto's own engine creates in one synchronous go, skips what it does not know and never rolls back, so this package has
its own; the resource types speak to the endpoint through boto3, with the permissions of whoever deploys.
"""
