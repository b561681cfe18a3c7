"""The same detector as a service, with a page for people."""
