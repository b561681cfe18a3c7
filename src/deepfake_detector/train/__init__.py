"""How the shipped weights are made. Needs the ``train`` extra; nothing else in the package imports it."""
