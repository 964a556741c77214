"""The deployable package: what ships, byte-compiled, as one zip; and the proof that it runs.

`python -m infra.package` does all of it. Leaves to others: the pins of what it depends on (infra/audit) and the Azure
resources that it is deployed to (infra/azure).
"""
