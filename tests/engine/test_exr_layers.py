"""EXR: the layer that is the picture, its colors in sRGB, in its place in the window."""

import json
import struct
import tempfile

import numpy as np
import OpenEXR
import pytest
import torch

from landscape_engine import images
from landscape_engine.errors import PictureError
from landscape_engine.images import color_spaces, exr_header, load_image, to_linear_float16
from landscape_engine.images.color_spaces import (
    ACESCG,
    ADOBE_RGB,
    LINEAR_SRGB,
    REC2020,
    XYZ_D65,
    XYZ_E,
    ColorSpace,
)
from landscape_engine.images.decoding import silenced
from landscape_engine.jobs.animate import animate
from landscape_engine.sequence import write_sequence
from landscape_engine.settings import OutputSettings, documents
from landscape_engine.shell import cli
from tests.engine.picture_files import HEIGHT, WIDTH, write_exr

BEAUTY = (0.75, 0.5, 0.25)


def planes(colors, letters="RGB", prefix=""):
    """Channels of one color each."""
    return {
        prefix + letter: np.full((HEIGHT, WIDTH), value, np.float32)
        for letter, value in zip(letters, colors, strict=True)
    }


def data(prefix, letters="RGB"):
    return planes((1, 0, 1), letters, prefix)


def write_parts(path, *parts):
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    made = [OpenEXR.Part({**header, **more}, channels, name) for name, channels, more in parts]
    OpenEXR.File(made).write(str(path))


def write_subsampled(path, channels):
    """An uncompressed EXR by hand: of some channels every second pixel of every second row."""

    def attribute(name, kind, value):
        return name + b"\0" + kind + b"\0" + struct.pack("<I", len(value)) + value

    steps = {name: HEIGHT // plane.shape[0] for name, plane in channels.items()}
    listed = b"".join(
        name.encode() + b"\0" + struct.pack("<IBxxxII", 2, 0, steps[name], steps[name])
        for name in sorted(channels)
    )
    window = struct.pack("<4i", 0, 0, WIDTH - 1, HEIGHT - 1)
    head = struct.pack("<II", 20000630, 2)
    head += attribute(b"channels", b"chlist", listed + b"\0")
    head += attribute(b"compression", b"compression", b"\0")
    head += attribute(b"dataWindow", b"box2i", window)
    head += attribute(b"displayWindow", b"box2i", window)
    head += attribute(b"lineOrder", b"lineOrder", b"\0")
    head += attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1))
    head += attribute(b"screenWindowCenter", b"v2f", struct.pack("<2f", 0, 0))
    head += attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)) + b"\0"
    rows = []
    for y in range(HEIGHT):
        row = b"".join(
            channels[name][y // steps[name]].astype("<f4").tobytes()
            for name in sorted(channels)
            if y % steps[name] == 0
        )
        rows.append(struct.pack("<iI", y, len(row)) + row)
    offsets = np.cumsum([len(head) + 8 * HEIGHT, *map(len, rows)])[:-1]
    path.write_bytes(head + struct.pack(f"<{HEIGHT}Q", *offsets) + b"".join(rows))


def middle(path):
    return to_linear_float16(load_image(path))[HEIGHT // 2, WIDTH // 2, :3].tolist()


LAYERS = {
    "plain before all": data("A.") | data("Combined.") | planes(BEAUTY),
    "Combined before other passes": planes(BEAUTY, prefix="V.Combined.") | data("V.Alpha."),
    "Combined of the first view": planes(BEAUTY, prefix="V.Combined.left.")
    | data("V.Combined.right."),
    "beauty after normals": data("N.", "XYZ") | data("Normal.") | planes(BEAUTY, prefix="beauty."),
    "rgba after occlusion": data("AO.") | planes(BEAUTY, prefix="rgba."),
    "Ci after an albedo": data("albedo.") | planes(BEAUTY, prefix="Ci."),
    "C after data": data("AmbientOcclusion.") | planes(BEAUTY, prefix="C."),
    "any colors after data": data("P.") | data("N.") | planes(BEAUTY, prefix="zebra."),
    "colors after luminance": {"Y": np.ones((HEIGHT, WIDTH), np.float32)}
    | planes(BEAUTY, prefix="zebra."),
    "no axis is a luminance": data("N.", "XYZ") | data("P.", "xyz") | planes(BEAUTY, prefix="z."),
    "small letters": planes(BEAUTY, "rgb"),
    "words": planes(BEAUTY, ("red", "green", "blue"), "main."),
    "the part's name is that of a scene": data("AO.") | planes(BEAUTY),
    "light after bumps": data("bumpNormals.") | planes(BEAUTY, prefix="radiance."),
    "light after the camera's normals": data("camNormal.") | planes(BEAUTY, prefix="light."),
    "light after shading": data("shadingNormal.") | planes(BEAUTY, prefix="specular."),
    "light after occlusion": data("AmbOcc.") | planes(BEAUTY, prefix="Reflection."),
    "light after V-Ray's normals": data("VRayNormals.") | planes(BEAUTY, prefix="VRayRawLight."),
    "light after V-Ray's velocity": data("VRayVelocity.") | planes(BEAUTY, prefix="VRayzLight."),
    "light after small letters": data("bumpnormals.") | planes(BEAUTY, prefix="light."),
    "an image after objects": data("uCryptoObject00.") | planes(BEAUTY, prefix="x_image."),
    "light after what nobody knows": data("abcd.") | planes(BEAUTY, prefix="lighting."),
    "beauty after a color that is none": data("baseColor.") | planes(BEAUTY, prefix="picture."),
    "what was denoised before one light": data("diffuse.")
    | planes(BEAUTY, prefix="beauty_denoised."),
    "what was denoised before all": data("beauty.") | planes(BEAUTY, prefix="beauty_denoised."),
    "what isn't noisy": data("Noisy Image.") | planes(BEAUTY, prefix="Denoised."),
    "noise before data": data("Denoising Normal.") | planes(BEAUTY, prefix="Noisy Image."),
    "all lights before one": data("RGBA_default.") | planes(BEAUTY, prefix="rgba."),
    "Cryptomatte is none": data("CryptoObject00.") | planes(BEAUTY, prefix="main."),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_beauty_is_taken(tmp_path, name):
    write_parts(tmp_path / "a.exr", ("shadow_canyon", LAYERS[name], {}))
    assert middle(tmp_path / "a.exr") == pytest.approx(BEAUTY, rel=2e-3)


@pytest.mark.parametrize(
    "parts",
    [
        [("N", data(""), {}), ("beauty", planes(BEAUTY), {})],
        [("depth", {"Z": np.ones((HEIGHT, WIDTH), np.float32)}, {}), ("rgba", planes(BEAUTY), {})],
        [("V.AO", data("V.AO."), {}), ("V.Combined", planes(BEAUTY, prefix="V.Combined."), {})],
        [("rgba.right", data(""), {"view": "right"}), ("rgba.left", planes(BEAUTY),
                                                       {"view": "left"})],
        [("WorldNormals", data(""), {}), ("final", planes(BEAUTY), {})],
        [("smoothNormals", data(""), {}), ("image", planes(BEAUTY), {})],
        [("diffuse", data(""), {}), ("beauty", planes(BEAUTY), {})],
        [("mist_010.AO", data(""), {}), ("mist_010.specular", planes(BEAUTY), {})],
        [("shadow_canyon", planes(BEAUTY) | data("AO."), {}), ("normals", data(""), {})],
    ],
)  # fmt: skip
def test_the_beauty_is_found_in_any_part(tmp_path, parts):
    write_parts(tmp_path / "a.exr", *parts)
    assert middle(tmp_path / "a.exr") == pytest.approx(BEAUTY, rel=2e-3)


def test_what_was_taken_is_told(tmp_path):
    write_exr(tmp_path / "plain.exr", planes(BEAUTY) | {"Z": np.ones((HEIGHT, WIDTH), np.float32)})
    assert images.notes(tmp_path / "plain.exr") == []
    write_exr(tmp_path / "a.exr", data("N.") | planes(BEAUTY, prefix="beauty."))
    assert images.notes(tmp_path / "a.exr") == [
        "the picture's colors are 'beauty'; left aside: 'N'."
    ]
    assert images.notes(tmp_path / "missing.exr") == []


@pytest.mark.parametrize(
    ("tag", "space", "said"),
    [
        ("g22_rec709_scene", None, "as lin_rec709_scene"),
        ("data", None, "as lin_rec709_scene"),
        ("srgb_p3d65_scene", color_spaces.P3_D65, "as lin_p3d65_scene"),
        ("film", ColorSpace((0.6, 0.3, 0.3, 0.6, 0.2, 0.1, 0.31, 0.33)), "of its chromaticities"),
        ("lin_adobergb_scene", None, ""),
        ("lin_ap1_scene", None, ""),
    ],
)
def test_a_color_space_that_nobody_knows_is_told(tmp_path, tag, space, said):
    header = {"chromaticities": tuple(map(float, space.chromaticities))} if space else {}
    write_exr(tmp_path / "a.exr", planes(BEAUTY), colorInteropID=tag, **header)
    notes = images.notes(tmp_path / "a.exr")
    assert len(notes) == bool(said)
    assert all(f"'{tag}' isn't known" in note and said in note for note in notes)


def test_luminance_and_chroma_are_colors(tmp_path):
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    light = np.stack([0.5 + x / 100, 0.4 + y / 100, 0.3 + (x + y) / 200], -1)
    luminance = light @ np.array(LINEAR_SRGB.luminance_weights, np.float32)
    chroma = {"RY": light[..., 0] / luminance - 1, "BY": light[..., 2] / luminance - 1}
    write_exr(tmp_path / "full.exr", {"Y": luminance, **chroma})
    np.testing.assert_allclose(
        to_linear_float16(load_image(tmp_path / "full.exr")), light, rtol=4e-3
    )
    coarse = {name: plane[::2, ::2] for name, plane in chroma.items()}
    write_subsampled(tmp_path / "coarse.exr", {"Y": luminance, **coarse})
    np.testing.assert_allclose(
        to_linear_float16(load_image(tmp_path / "coarse.exr")), light, rtol=2e-2
    )


@pytest.mark.parametrize("space", [ACESCG, REC2020, XYZ_E, XYZ_D65, color_spaces.P3_D65, ADOBE_RGB])
def test_colors_are_converted_in_and_back_out(tmp_path, space):
    light = np.random.default_rng(0).uniform(0.1, 4, (HEIGHT, WIDTH, 3)).astype(np.float32)
    theirs = light @ np.linalg.inv(space.to_srgb).T.astype(np.float32)
    named = {"chromaticities": tuple(map(float, space.chromaticities))}
    if space == XYZ_D65:
        named["colorInteropID"] = space.tag
    write_exr(tmp_path / "a.exr", {"RGB": theirs}, **named)
    image = load_image(tmp_path / "a.exr")
    np.testing.assert_allclose(to_linear_float16(image), light, rtol=2e-3, atol=1e-3)
    assert images.color_space(tmp_path / "a.exr") == space
    written = write_sequence(
        [image], tmp_path / "out", OutputSettings(format="exr"), color_space=space
    )
    file = OpenEXR.File(str(written.paths[0]))
    np.testing.assert_allclose(file.channels()["RGB"].pixels, theirs, rtol=3e-3, atol=3e-3)
    assert np.allclose(file.header()["chromaticities"], space.chromaticities)
    assert file.header().get("colorInteropID", "") == space.tag
    assert images.color_space(written.paths[0]) == space


def test_white_stays_white_in_every_space():
    for space in (ACESCG, REC2020, XYZ_E, color_spaces.ACES2065):
        np.testing.assert_allclose(space.to_srgb.sum(1), 1, atol=1e-9)
    known = [[1.70505, -0.62179, -0.08326], [-0.13026, 1.14080, -0.01055],
             [-0.02400, -0.12897, 1.15297]]  # fmt: skip
    np.testing.assert_allclose(ACESCG.to_srgb, known, atol=1e-5)


def test_srgb_frames_say_what_they_are_and_are_what_they_were(tmp_path):
    light = np.random.default_rng(0).uniform(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float16)
    write_exr(tmp_path / "a.exr", {"RGB": light}, chromaticities=LINEAR_SRGB.chromaticities)
    image = load_image(tmp_path / "a.exr")
    write_exr(tmp_path / "b.exr", {"RGB": light})
    assert image.equal(load_image(tmp_path / "b.exr"))
    written = write_sequence([image], tmp_path / "out", OutputSettings(format="exr"))
    header = OpenEXR.File(str(written.paths[0])).header()
    assert header["colorInteropID"] == "lin_rec709_scene" and "chromaticities" not in header


def test_impossible_primaries_are_no_reason_to_refuse(tmp_path):
    write_exr(tmp_path / "a.exr", planes(BEAUTY), chromaticities=(0.0,) * 8)
    assert middle(tmp_path / "a.exr") == pytest.approx(BEAUTY, rel=2e-3)


@pytest.mark.parametrize("left_top", [(40, 5), (-60, 5), (5, 60), (5, -60), (29, 19)])
def test_data_beside_the_window_is_placed(tmp_path, left_top):
    left, top = left_top
    window = [np.array([left, top], np.int32),
              np.array([left + WIDTH - 1, top + HEIGHT - 1], np.int32)]  # fmt: skip
    display = (np.array([0, 0], np.int32), np.array([29, 19], np.int32))
    write_exr(tmp_path / "a.exr", planes(BEAUTY), dataWindow=tuple(window), displayWindow=display)
    image = load_image(tmp_path / "a.exr")
    assert image.shape == (1, 3, 20, 30)
    seen = (image > -1).any(1).sum()
    assert seen == (1 if left_top == (29, 19) else 0)


def test_names_in_another_encoding_are_names(tmp_path):
    write_exr(
        tmp_path / "a.exr",
        planes(BEAUTY, prefix="m##n.") | data("AO.") | data("m##o_normal."),
        comments="caf##",
    )
    raw = (tmp_path / "a.exr").read_bytes()
    (tmp_path / "a.exr").write_bytes(raw.replace(b"##", b"\xe9\xff"))
    assert middle(tmp_path / "a.exr") == pytest.approx(BEAUTY, rel=2e-3)
    assert "méÿn" in images.notes(tmp_path / "a.exr")[0]


@pytest.mark.parametrize("other", ["a##.", "b#."])
def test_names_in_several_encodings_are_names(tmp_path, other):
    """Layers of Latin-1 beside one of UTF-8, or that differ in such letters alone."""
    channels = planes(BEAUTY, prefix="m##n.") | data(f"normal{other}") | data("normal_b#.")
    write_exr(tmp_path / "a.exr", channels, comments="caf##")
    raw = (
        (tmp_path / "a.exr").read_bytes().replace(b"b#.", b"b\xe9.").replace(b"a##.", b"a\xe9\xff.")
    )
    (tmp_path / "a.exr").write_bytes(raw.replace(b"##", "é".encode()))
    assert middle(tmp_path / "a.exr") == pytest.approx(BEAUTY, rel=2e-3)
    assert "'mén'" in images.notes(tmp_path / "a.exr")[0]


def test_layers_that_differ_in_foreign_letters_alone_are_several(tmp_path):
    write_exr(tmp_path / "a.exr", planes(BEAUTY, prefix="x#.") | data("x$."), comments="#")
    raw = (tmp_path / "a.exr").read_bytes()
    raw = raw.replace(b"x#.", b"x\xe0.").replace(b"x$.", b"x\xff.").replace(b"#", b"\xe0")
    (tmp_path / "a.exr").write_bytes(raw)
    assert middle(tmp_path / "a.exr") == pytest.approx(BEAUTY, rel=2e-3)
    assert images.notes(tmp_path / "a.exr")[0] == (
        "the picture's colors are 'xà'; left aside: 'xÿ'."
    )


def write_encoded(path, layers, **header):
    """Layers under names that aren't UTF-8, for which others of their length and order stand in."""
    stand_in = {name: f"{n:03d}".ljust(len(name), "_") for n, name in enumerate(sorted(layers))}
    channels = {}
    for name, colors in layers.items():
        channels |= planes(colors, prefix=f"{stand_in[name]}.")
    write_exr(path, channels, **header)
    raw = path.read_bytes()
    for name, other in stand_in.items():
        raw = raw.replace(b"\0" + other.encode() + b".", b"\0" + name + b".")
    path.write_bytes(raw)


@pytest.mark.parametrize("compression", ["ZIP", "PIZ", "B44", "DWAA", "DWAB"])
@pytest.mark.parametrize("beauty", ["ビュー_beauty", "夜景_beauty", "レイヤー_beauty"])
def test_layers_of_names_of_many_foreign_letters_keep_their_pixels(tmp_path, compression, beauty):
    """Channels are in the order of their names, in the file and in what stands in for it."""
    names = ["影の通路", "反射レイヤー", "拡散ザザ", "法線マップ", "z深度"]
    layers = {name.encode("shift-jis"): (n / 10, 1, n / 5) for n, name in enumerate(names)}
    layers[beauty.encode("shift-jis")] = BEAUTY
    kind = getattr(OpenEXR, f"{compression}_COMPRESSION")
    write_encoded(tmp_path / "a.exr", layers, compression=kind)
    assert len(exr_header.read_parts(tmp_path / "a.exr")[0].channels) == 18
    assert middle(tmp_path / "a.exr") == pytest.approx(BEAUTY, rel=2e-2)


@pytest.mark.parametrize("compression, many, read", [
    ("ZIP", 60, True), ("ZIP", 126, False), ("DWAA", 30, True), ("DWAA", 60, False),
])  # fmt: skip
def test_names_that_cannot_be_told_apart_are_refused(tmp_path, compression, many, read):
    letters = [byte for byte in range(0x80, 0x100) if not chr(byte).isspace()][:many]
    layers = {bytes([byte] * 3): (0.1, 0.2, 0.3) for byte in letters}
    layers[b"beauty"] = BEAUTY
    kind = getattr(OpenEXR, f"{compression}_COMPRESSION")
    write_encoded(tmp_path / "a.exr", layers, compression=kind)
    if read:
        assert middle(tmp_path / "a.exr") == pytest.approx(BEAUTY, rel=2e-2)
        return
    with pytest.raises(PictureError, match="too many letters that aren't UTF-8.*rename them"):
        load_image(tmp_path / "a.exr")


def test_parts_that_differ_in_foreign_letters_alone_are_several(tmp_path):
    path = tmp_path / "a.exr"
    write_parts(path, ("ab", data(""), {}), ("cd", planes(BEAUTY, prefix="beauty."), {}))
    raw = path.read_bytes().replace(b"ab\0", b"\xe0\xe1\0").replace(b"cd\0", b"\xe2\xe3\0")
    raw = raw.replace(struct.pack("<I", 2) + b"ab", struct.pack("<I", 2) + b"\xe0\xe1")
    path.write_bytes(raw.replace(struct.pack("<I", 2) + b"cd", struct.pack("<I", 2) + b"\xe2\xe3"))
    assert [part.name for part in exr_header.read_parts(path)] == ["àá", "âã"]
    assert load_image(path).shape == (1, 3, HEIGHT, WIDTH)


def test_a_text_in_another_encoding_needs_no_room_on_a_disk(tmp_path, monkeypatch):
    """A copy would stay behind where the process is ended, and could fill the disk."""
    write_exr(tmp_path / "a.exr", planes(BEAUTY), comments="caf#")
    raw = (tmp_path / "a.exr").read_bytes()
    (tmp_path / "a.exr").write_bytes(raw.replace(b"caf#", b"caf\xe9"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert middle(tmp_path / "a.exr") == pytest.approx(BEAUTY, rel=2e-3)


def test_what_the_library_prints_is_not_on_stdout(tmp_path, capsys, bundle_folder):
    """Of a part that isn't asked for, say: the report would be no JSON."""
    path = tmp_path / "a.exr"
    noise = np.random.default_rng(1).random((HEIGHT, WIDTH)).astype(np.float32)
    write_parts(path, ("beauty", planes(BEAUTY), {}), ("normals", {"R": noise, "G": noise,
                "B": noise}, {}))  # fmt: skip
    raw = bytearray(path.read_bytes())
    raw[-300:-200] = b"\xff" * 100
    path.write_bytes(raw)
    words = ["animate", str(path), "--bundle", str(bundle_folder), "--frames", "1", "--json"]
    code = cli.main([*words, "--no-clean", "--appearance", "off", "--out", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    assert (json.loads(printed)["frames"] if code == 0 else printed) in (1, "")
    with silenced():
        print("from here", end="")
    assert not capsys.readouterr().out
    print("again")
    assert capsys.readouterr().out == "again\n"


def test_deep_data_is_named(tmp_path):
    write_exr(tmp_path / "a.exr", planes(BEAUTY))
    raw = bytearray((tmp_path / "a.exr").read_bytes())
    raw[4:8] = struct.pack("<I", 2 | 0x800)
    at = raw.index(b"scanlineimage")
    raw[at - 4 : at + 13] = struct.pack("<I", 12) + b"deepscanline"
    (tmp_path / "a.exr").write_bytes(raw)
    with pytest.raises(PictureError, match="deep data.*expected a flat picture: flatten it"):
        load_image(tmp_path / "a.exr")


def test_what_is_no_color_is_refused_with_its_names(tmp_path):
    write_exr(tmp_path / "a.exr", data("N.", "XYZ"))
    with pytest.raises(PictureError, match=r"channels N.X, N.Y, N.Z; expected R, G, B"):
        load_image(tmp_path / "a.exr")


@pytest.mark.parametrize("name", ["lowercase_rgb", "luminance_chroma", "normals_before_beauty"])
def test_the_shared_pictures_are_the_expected_one(shared, name):
    folder = shared / "data/test/files"
    expected = load_image(folder / "expected_64x40.png")
    found = load_image(folder / f"exr_{name}.exr")
    assert torch.allclose(found, expected, atol=1 / 127.5)


@pytest.mark.parametrize("space", [ACESCG, REC2020])
def test_animate_writes_frames_in_the_pictures_own_space_and_tells(tmp_path, bundle_folder, space):
    light = np.random.default_rng(0).uniform(0.1, 1, (HEIGHT, WIDTH, 3)).astype(np.float32)
    named = {"chromaticities": tuple(map(float, space.chromaticities))}
    picture = tmp_path / "a.exr"
    planes = {letter: light[..., n].copy() for n, letter in enumerate("RGB")}
    parts = {f"ViewLayer.Combined.{letter}": plane for letter, plane in planes.items()}
    parts["ViewLayer.Normal.X"] = planes["R"]
    write_exr(picture, parts, **named)
    asked = {"clip": {"frames": 1}, "appearance": {"kind": "off"}, "regions": {"clean": False},
             "loop": {"kind": "none"}, "output": {"format": "exr"}}  # fmt: skip
    job = documents.parse(
        {"version": 1, "picture": str(picture), "out": str(tmp_path / "out"), **asked}
    )
    report = animate(job, bundle=bundle_folder, device="cpu")
    assert any("ViewLayer.Combined" in note for note in report["notes"])
    assert images.color_space(report["paths"][0]) == space
    file = OpenEXR.File(report["paths"][0])
    assert file.header().get("colorInteropID", "") == space.tag
    np.testing.assert_allclose(file.channels()["RGB"].pixels, light, rtol=4e-3, atol=4e-3)


def attribute(name, kind, value):
    return name + b"\0" + kind + b"\0" + struct.pack("<I", len(value)) + value


def header_of(channels, more=b""):
    """A header with these channels, and no pixels after it."""
    listed = b"".join(name + struct.pack("<BIBxxxII", 0, 1, 0, 1, 1) for name in channels)
    window = struct.pack("<4i", 0, 0, WIDTH - 1, HEIGHT - 1)
    return (
        attribute(b"channels", b"chlist", listed + b"\0")
        + attribute(b"dataWindow", b"box2i", window)
        + attribute(b"displayWindow", b"box2i", window)
        + more
        + b"\0"
    )


def test_a_header_takes_no_more_memory_than_a_file_is_worth(tmp_path):
    """Each attribute, channel and text costs many times its own bytes."""
    path = tmp_path / "a.exr"
    many = b"".join(attribute(b"%d" % n, b"int", bytes(4)) for n in range(20_000))
    parts = b"".join(header_of([b"R", b"G", b"B"], many) for _ in range(4))
    path.write_bytes(struct.pack("<II", 20000630, 2 | 0x1000) + parts + b"\0")
    with pytest.raises(ValueError, match="too many attributes"):
        exr_header.read_parts(path)
    path.write_bytes(
        struct.pack("<II", 20000630, 2) + header_of(b"%d.R" % n for n in range(70_000))
    )
    with pytest.raises(ValueError, match="too many channels"):
        exr_header.read_parts(path)
    views = attribute(b"multiView", b"stringvector", bytes(4 * 70_000))
    path.write_bytes(struct.pack("<II", 20000630, 2) + header_of([b"R", b"G", b"B"], views))
    with pytest.raises(ValueError, match="too many texts"):
        exr_header.read_parts(path)
    with pytest.raises(PictureError, match="damaged or cut off"):
        load_image(path)
