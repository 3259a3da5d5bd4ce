"""The background process of a rehearsal: the cloud and its hosts, until it is told to end."""
