"""As everywhere in the portal: the day first, and the hours from 0 to 23. Django's own en-GB says 4:37 p.m."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
SHORT_DATETIME_FORMAT = "d/m/Y H:i"
