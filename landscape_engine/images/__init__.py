"""The only door for pixels: stills and `clips` in, tensors inside, arrays and small pictures out.

Inside the engine a picture is float32 `[1, C, H, W]`: channels R, G, B and, only where the file has
one, straight alpha; display-referred sRGB in [-1, 1] (alpha 0..1 is mapped to -1..1 as well). High
dynamic range runs on along the sRGB curve above 1, so that it survives from one EXR to another.

Integer files are taken as display-referred (their ICC profile, if any, is converted to sRGB); EXR
and floating-point TIFF are taken as scene-linear, the way Blender and Nuke read them. An EXR's
colors are converted to linear sRGB on their way in, and back on their way out (`color_spaces`).

Legend: B batch (here 1), C channels (3 or 4), H W pixels.
"""

from .clear_pixels import fill_clear, opaque
from .color_spaces import LINEAR_SRGB, ColorSpace
from .limits import MAX_ASPECT, MIN_SIDE_PX
from .reading import color_space, load_image, notes
from .resizing import resize
from .stamps import Stamp, stamp
from .tiles import paste_cells, paste_tiles
from .writing import save_image, to_linear_float16, to_uint8, to_uint16

__all__ = [
    "LINEAR_SRGB",
    "ColorSpace",
    "Stamp",
    "color_space",
    "fill_clear",
    "notes",
    "opaque",
    "stamp",
    "MAX_ASPECT",
    "MIN_SIDE_PX",
    "load_image",
    "paste_cells",
    "paste_tiles",
    "resize",
    "save_image",
    "to_linear_float16",
    "to_uint8",
    "to_uint16",
]
