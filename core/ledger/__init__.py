"""The ledger: every forecast written before its outcome, in a chain that shows any change."""
