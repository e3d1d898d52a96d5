"""Delivery under attack: clients enter results while processes are killed, paused and restarted; then all is judged.

    make nemesis SECONDS=600 SEED=7

After Jepsen's way (jepsen.io): clients, a nemesis that breaks things by a seed, a recorded history, and a checker.
"""
