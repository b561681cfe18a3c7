"""``python -m deepfake_detector`` is the command ``deepfake-detector``."""

from .cli.app import main

if __name__ == "__main__":
    main()
