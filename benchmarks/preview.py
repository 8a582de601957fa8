"""What a preview costs: each stage at 320×180 after the first call, in shares of a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import landscape_engine as le
from landscape_engine import AppearanceSettings, ClipSettings, LoopSettings, MotionSettings

SIZE = (320, 180)
ARROW = "0.3,0.2,0.6,0.2"


def measure(name: str, call: Callable[[], object]) -> None:
    call()
    started = time.perf_counter()
    call()
    print(f"{name:32} {time.perf_counter() - started:6.2f}")


def main() -> None:
    animator = le.load_animator()
    example = Path(le.__file__).parent / "data" / "example.jpg"
    picture = le.resize(le.load_image(example)[:, :3], *SIZE)
    regions = animator.find_regions(picture)
    settings = MotionSettings(code="0.3")
    bent = MotionSettings(code="0.3", arrows=(ARROW,), arrows_as="field")
    motion = animator.predict_motion(picture, settings, regions=regions)
    loop, clip = LoopSettings(frames=24), ClipSettings(frames=24)
    off = AppearanceSettings(kind="off")
    code = animator.appearance_codes(AppearanceSettings(code="0.5"))[:1]
    print(f"{'stage':32} seconds, on {animator.device}")
    measure("find regions", lambda: animator.find_regions(picture))
    measure("choose codes", lambda: animator.suitable_codes(picture, regions))
    measure("predict motion", lambda: animator.predict_motion(picture, settings, regions=regions))
    measure(
        "bend motion to an arrow", lambda: animator.predict_motion(picture, bent, regions=regions)
    )
    measure("color map of a code", lambda: animator.predict_color_map(picture, code))
    measure(
        "24 frames, colors off", lambda: list(animator.render(picture, motion, off, loop, clip))
    )
    first = AppearanceSettings(code="0.5", codes=4)
    measure("the first 6 of them, colored", lambda: list(islice(
        animator.render(picture, motion, first, loop, clip), 6)))  # fmt: skip


if __name__ == "__main__":
    main()
