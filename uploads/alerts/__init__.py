"""Telling operators by mail: what is wrong (rules), since when and to whom it was told (watch), in words (mail)."""
