"""What values in a document have to look like: the data that the rules check against."""
