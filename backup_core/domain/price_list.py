"""List prices, one a row: meter, region, currency, amount, for how many units, when it was read, how it was come by.

`make prices` asks Azure and writes this file anew. What the fields mean stands in prices.py.
"""

from __future__ import annotations

ROWS: tuple[tuple[str, str, str, float, int, str, str], ...] = (
    ("ExecutionTime", "eastus", "USD", 2.6e-05, 1, "2026-07", "REPORTED"),
    ("Executions", "eastus", "USD", 4e-06, 10, "2026-07", "REPORTED"),
    ("Standard_LRS", "eastus", "USD", 0.05, 1, "2026-07", "REPORTED"),
    ("Standard_LRS", "swedencentral", "USD", 0.05, 1, "2026-07", "REPORTED"),
    ("Standard_LRS", "westus3", "USD", 0.05, 1, "2026-07", "REPORTED"),
    ("Standard_ZRS", "eastus", "USD", 0.05, 1, "2026-07", "REPORTED"),
    ("TableOperations", "canadacentral", "USD", 0.00036, 10000, "2026-09-12", "REPORTED"),
    ("TableOperations", "eastus", "USD", 0.0004, 10000, "2026-11", "REMEMBERED"),
    ("TransferWithinContinent", "eastus", "USD", 0.02, 1, "2026-11", "REMEMBERED"),
)
