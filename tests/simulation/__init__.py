"""The real workflows on a simulated clock: fleets of hosts with thousands of disks, held to their bars, and one disk
under everything at once, by seeds. `make simulate` runs all of it, `make test` a little; invariants are in
tests/invariants.py."""
