"""What is pinned and what no file may hold: dependencies, their licences and known weaknesses, secrets in the tree.

`python -m infra.audit` checks all of it. Leaves to others: what ships (infra/package).
"""
