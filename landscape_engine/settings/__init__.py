"""Settings: frozen dataclasses whose defaults are what ships; flags are made from them.

Each field carries the help line of its flag (`setting(default, help)`); `cli` turns every field
into one `--flag`, so that Python, the shell and the add-on can't drift apart.
"""

from .appearance import AppearanceKind, AppearanceSettings, parse_key
from .appearance_training import (
    APPEARANCE_PRESETS,
    AppearancePreset,
    DrawKind,
    TrainAppearanceSettings,
)
from .batch import BatchSettings
from .clip import ClipSettings, parse_size
from .clip_evaluation import ClipEvaluationSettings, ClipLight
from .device import DeviceName
from .evaluation import EvaluationSettings, SteerName
from .fields import MAX_FRAMES, MAX_SIDE_PX, setting
from .loop import USUAL_LOOP_FRAMES, BlendKind, LoopKind, LoopSettings, SamplingKind, usual_period
from .motion import ArrowsAs, MotionKind, MotionSettings, WaterKind
from .output import FormatName, OutputSettings
from .regions import RegionSettings
from .training import (
    TrainCodesSettings,
    TrainedNetworkSettings,
    TrainedPairSettings,
    TrainingLoopSettings,
    TrainMotionSettings,
    TrainSceneLoopSettings,
    TrainSceneSettings,
)
from .training_clips import FirstField, MotionClipSettings, RegularizerName, RegularizerSettings

__all__ = [
    "APPEARANCE_PRESETS",
    "AppearanceKind",
    "AppearancePreset",
    "AppearanceSettings",
    "ArrowsAs",
    "BatchSettings",
    "BlendKind",
    "ClipEvaluationSettings",
    "ClipLight",
    "ClipSettings",
    "DeviceName",
    "DrawKind",
    "EvaluationSettings",
    "FirstField",
    "FormatName",
    "LoopKind",
    "LoopSettings",
    "MAX_FRAMES",
    "MAX_SIDE_PX",
    "MotionClipSettings",
    "MotionKind",
    "MotionSettings",
    "OutputSettings",
    "RegionSettings",
    "RegularizerName",
    "RegularizerSettings",
    "SamplingKind",
    "SteerName",
    "TrainAppearanceSettings",
    "TrainCodesSettings",
    "TrainMotionSettings",
    "TrainSceneLoopSettings",
    "TrainSceneSettings",
    "TrainedNetworkSettings",
    "TrainedPairSettings",
    "TrainingLoopSettings",
    "USUAL_LOOP_FRAMES",
    "WaterKind",
    "parse_key",
    "parse_size",
    "setting",
    "usual_period",
]
