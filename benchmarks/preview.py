"""What a preview costs: each stage at 320×180 after the first call, in shares of a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import landscape_engine as le
from landscape_engine import AppearanceSettings, ClipSettings, LoopSettings, MotionSettings
from landscape_engine.light import color_maps, cycles
from landscape_engine.motion import codes

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
    lake = animator.look_at(picture)
    regions, clip = lake.regions(), ClipSettings(frames=24)
    settings = MotionSettings(code="0.3")
    bent = MotionSettings(code="0.3", arrows=(ARROW,), arrows_as="field")
    motion, loop = animator.move(lake, settings, regions=regions), LoopSettings(frames=24)
    code = cycles.sequence(animator.bundle, AppearanceSettings(code="0.5"))[:1]
    day = AppearanceSettings(code="0.5", codes=4)

    def anew():  # nothing is known of it
        return animator.look_at(picture)

    def render(settings: AppearanceSettings):
        landscape = anew()
        light = animator.light(landscape, settings, clip)
        return animator.render(landscape, motion, light, loop, clip)

    print(f"{'stage':32} seconds, on {animator.device}")
    measure("find regions", lambda: anew().regions())
    measure("choose codes", lambda: codes.suitable(anew(), regions))
    measure("predict motion", lambda: animator.move(anew(), settings, regions=regions))
    measure("bend motion to an arrow", lambda: animator.move(anew(), bent, regions=regions))
    measure("color map of a code", lambda: color_maps.transfer_maps(anew(), anchored=False)(code))
    measure("24 frames, colors off", lambda: list(render(AppearanceSettings(kind="off"))))
    measure("the first 6 of them, colored", lambda: list(islice(render(day), 6)))


if __name__ == "__main__":
    main()
