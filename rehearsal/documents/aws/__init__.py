"""What AWS's services can be asked, from the models that botocore carries; loaded on first use only."""
