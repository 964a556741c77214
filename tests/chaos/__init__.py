"""Hosts killed in mid-work: real processes, SIGKILL at random moments, and what must hold all the same."""
