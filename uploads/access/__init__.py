"""Who somebody is: passwords, second factors, sessions, and the company's own sign-in."""
