"""Where the product runs: `azure/` for real, `local/` on one machine."""
