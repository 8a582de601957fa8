"""Where the engine computes."""

from typing import Literal

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
