"""Scenarios: what a runbook has to show, and the machinery that makes it show it.

Everything here reaches the cloud through public AWS APIs (boto3) and the outside world through `outside.Outside`, so
whatever a scenario does, a user can do with the AWS CLI and a client on the internet.
"""
