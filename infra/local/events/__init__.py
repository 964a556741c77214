"""Event Grid on this machine: the namespace that takes events in, and their delivery to subscribers."""
