"""`python -m landscape_engine` is the same as `landscape-engine`."""

from .shell.cli import entry

if __name__ == "__main__":
    entry()
