"""The program on a host that takes commands from the service and runs Command documents (schema 2.2).

It stands in for amazon-ssm-agent, does what that agent does (version `AGENT_VERSION`), and speaks its protocol, so that
the genuine one can take its place. Standard library only: host images copy this folder as it is.
"""

AGENT_NAME = "amazon-ssm-agent"
# The release whose behaviour this package has; it knows interpolationType ENV_VAR and {{ssm:}} references in it.
AGENT_VERSION = "3.3.3572.0"
