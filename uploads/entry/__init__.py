"""STEP 1, agents: the form, its rules, and the one transaction that saves what was entered."""
