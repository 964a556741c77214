"""Workflows under everything at once, by seeds: `make simulate` runs thousands, `make test` a few. The invariants are
in tests/invariants.py."""
