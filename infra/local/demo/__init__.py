"""`make demo`: the whole loop, run through the official clients and checked against the simulator's ledger."""
