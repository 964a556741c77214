"""A simulator of Azure's disk resource provider behind Azure Resource Manager's front door.

It answers over HTTPS as Azure was recorded to answer; COVERAGE.md says what is imitated and what each rule
rests on. It imports nothing of the product: a simulator that shared the product's types would share its mistakes.
"""
