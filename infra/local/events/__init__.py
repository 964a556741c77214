"""Event Grid on this machine: the topic that takes events in, and their delivery to subscribers."""
