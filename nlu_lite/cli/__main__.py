"""`python -m nlu_lite.cli`."""

from nlu_lite.cli import main

if __name__ == "__main__":
    main()
