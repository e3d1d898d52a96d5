"""STEP 3, managers: the list of submissions and the story of each."""
