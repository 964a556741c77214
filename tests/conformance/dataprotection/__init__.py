"""The replay of recorded Microsoft.DataProtection traffic: reading it, a stage to play it on, comparing answers."""
