"""Receipts that a person countersigns, and the rule that nothing is recognised without one."""
