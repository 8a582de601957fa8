"""`python -m landscape_engine` is the same as `landscape-engine`."""

from .cli import main

if __name__ == "__main__":
    raise SystemExit(main())
