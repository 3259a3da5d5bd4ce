"""One file for each CloudFormation resource type of this endpoint."""
