"""migrator's own bookkeeping: runs, stored plans, and what each column holds now."""
