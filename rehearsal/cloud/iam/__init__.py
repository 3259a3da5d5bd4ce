"""IAM as AWS enforces it: who calls, what the call asks for, what policies say, and what was used of them."""
