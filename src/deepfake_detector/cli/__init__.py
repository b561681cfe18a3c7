"""The command ``deepfake-detector``: one short file for each subcommand, no detection logic."""
