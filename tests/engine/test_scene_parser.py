"""The scene parser: what it says beside the scene network, and what goes on without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from landscape_engine import images
from landscape_engine.bundles import checkpoints
from landscape_engine.errors import SettingsError, TrainingError
from landscape_engine.landscape import Landscape
from landscape_engine.networks import mosaic, scene
from landscape_engine.networks.mosaic import SEA, SKY, WATER, SceneParser
from landscape_engine.scene import certainty, segmentation
from landscape_engine.settings import TrainingLoopSettings, TrainSceneSettings
from landscape_engine.training.runs import bundling, train_scene
from tests.conftest import make_bundle, make_picture

EXAMPLE = Path(images.__file__).parents[1] / "data" / "example.jpg"
MASKS = Path(__file__).parents[1] / "masks"
CPU = torch.device("cpu")
TINY = TrainSceneSettings(part="parser", trunk="tiny", size=128, scenes=2, still_share=0)


@pytest.fixture
def parser() -> SceneParser:
    torch.manual_seed(2)
    return checkpoints.build("scene_parser", {"kind": "tiny"})


def with_both(parser: SceneParser):
    torch.manual_seed(3)
    bundle = make_bundle()
    built = {"width": 8, "trunk": "tiny"}
    bundle.networks["scene_network"] = checkpoints.build("scene_network", built)
    bundle.networks["scene_parser"] = parser
    bundle.built |= {"scene_network": built, "scene_parser": {"kind": "tiny"}}
    return bundle


def test_a_square_is_parsed_at_a_quarter_of_its_size(parser):
    image = torch.rand(2, 3, 256, 256) * 2 - 1
    assert parser.parse(image).shape == (2, 32, 64, 64)
    assert parser(image).shape == (2, 3, 256, 256)


def test_every_class_is_land_but_sky_water_and_sea(parser, monkeypatch):
    odds = torch.randn(1, 32, 32, 32)
    monkeypatch.setattr(parser, "parse", lambda image: odds)
    shares = parser(torch.zeros(1, 3, 128, 128)).softmax(1)[:, :, ::4, ::4]
    wanted = odds.softmax(1)
    assert torch.allclose(shares[:, 1], wanted[:, SKY], atol=1e-6)
    assert torch.allclose(shares[:, 2], wanted[:, WATER] + wanted[:, SEA], atol=1e-6)


def test_enlarged_pixels_stay_where_they_are():
    field = torch.rand(1, 2, 5, 5)
    grown = mosaic._enlarge(field, 4)
    assert torch.allclose(grown[:, :, ::4, ::4], field, atol=1e-6)
    between = (field[:, :, 0, 0] + field[:, :, 0, 1]) / 2
    assert torch.allclose(grown[:, :, 0, 2], between, atol=1e-6)


def test_a_mirrored_picture_gets_the_mirrored_answer(parser):
    image = make_picture(90, 160)
    one, other = (mosaic.ask(parser, picture, CPU) for picture in (image, image.flip(3)))
    assert one.shape == (1, 4, 512, 512)
    assert torch.allclose(one[:, :3].sum(1), torch.ones(()), atol=1e-5)
    assert (one[:, 3] >= 0).all() and (one[:, 3] <= one[:, 0]).all(), "buildings are of the land"
    assert torch.allclose(one, other.flip(3), atol=1e-4) and one.std() > 1e-3


def test_both_networks_are_heard(parser):
    image, bundle = make_picture(90, 160), with_both(parser)
    both = Landscape(image, bundle).seen
    told = scene.ask(bundle.scene_network, image, CPU)[:, :3]
    del bundle.networks["scene_parser"]
    alone = Landscape(image, bundle).seen
    assert torch.equal(alone, told), "a bundle without a parser goes on as it did"
    parsed = mosaic.ask(parser, image, CPU)[:, :3]
    other = torch.nn.functional.interpolate(parsed, told.shape[2:], mode="bilinear", antialias=True)
    nearer = (both - other).abs().mean() < (told - other).abs().mean()
    assert nearer and torch.allclose(both.sum(1), torch.ones(()), atol=1e-5)


def told_and_parsed() -> tuple[torch.Tensor, torch.Tensor]:
    told = torch.tensor([0.5, 0.1, 0.4, 0.1]).view(1, 4, 1, 1).expand(1, 4, 90, 160)
    parsed = torch.tensor([0.1, 0.1, 0.8]).view(1, 3, 1, 1).expand(1, 3, 128, 128)
    return told, parsed


def test_what_both_say_is_multiplied_and_white_water_stays_the_same_part_of_the_water():
    found = segmentation.agreed(*told_and_parsed())[0, :, 45, 80]
    product = torch.tensor([0.5 * 0.1, 0.1 * 0.1, 0.4 * 0.8])
    assert torch.allclose(found[:3], product / product.sum(), atol=1e-5)
    assert float(found[3]) == pytest.approx(float(found[2]) / 4, abs=1e-5)


def test_the_surer_of_the_two_decides_and_a_tie_is_no_answer():
    told, parsed = told_and_parsed()
    told = torch.tensor([0.94, 0.01, 0.05, 0.0]).view(1, 4, 1, 1).expand_as(told)

    def water(share):
        parsed_so = torch.tensor([0.999 - share, 0.001, share]).view(1, 3, 1, 1).expand_as(parsed)
        return float(segmentation.agreed(told, parsed_so)[0, 2, 45, 80])

    assert water(0.998) > certainty.SURE and water(0.75) < 1 - certainty.SURE
    assert 0.4 < water(0.95) < certainty.SURE_IN_MEAN


def test_no_certainty_is_beyond_all_doubt():
    told, parsed = told_and_parsed()
    told = torch.tensor([1.0, 0.0, 0.0, 0.0]).view(1, 4, 1, 1).expand_as(told)
    water = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1).expand_as(parsed)
    found = segmentation.agreed(told, water)[0, :, 45, 80]
    assert found.isfinite().all() and float(found[2]) == pytest.approx(0.5, abs=0.01)


def test_the_parser_is_not_heard_where_the_network_tells_foam():
    told, parsed = told_and_parsed()
    surf = torch.tensor([0.04, 0.01, 0.95, 0.9]).view(1, 4, 1, 1).expand_as(told)
    snow = torch.tensor([0.995, 0.004, 0.001]).view(1, 3, 1, 1).expand_as(parsed)
    assert torch.allclose(segmentation.agreed(surf, snow), surf, atol=1e-4)
    calm = torch.cat([surf[:, :3], surf[:, 3:] * 0], 1)
    assert float(segmentation.agreed(calm, snow)[0, 2].max()) < 0.2


def test_falls_that_the_network_takes_for_land_are_white_by_their_look():
    told, parsed = told_and_parsed()
    told = torch.tensor([0.95, 0.02, 0.03, 0.0]).view(1, 4, 1, 1).expand_as(told)
    falling = torch.tensor([0.001, 0.001, 0.998]).view(1, 3, 1, 1).expand_as(parsed)
    image = torch.full((1, 3, 90, 160), 0.6)
    image[..., 80:] = torch.tensor([-0.7, -0.2, 0.1])[:, None, None]
    found = segmentation.agreed(told, falling)
    white = segmentation.whitened(found, told, image)
    assert torch.equal(white[:, :3], found[:, :3])
    assert float(white[0, 3, :, 5:70].min()) > 0.7 and float(white[0, 3, :, 95:].max()) < 0.1
    sure = torch.tensor([0.02, 0.02, 0.96, 0.1]).view(1, 4, 1, 1).expand_as(told)
    assert torch.equal(segmentation.whitened(sure, sure, image), sure), "there the network tells"


def test_falls_that_are_seen_are_decided_without_the_parser():
    told, parsed = told_and_parsed()
    told = torch.tensor([0.35, 0.01, 0.64, 0.62]).view(1, 4, 1, 1).expand_as(told)
    land = torch.tensor([0.97, 0.02, 0.01]).view(1, 3, 1, 1).expand_as(parsed)
    lying, seen = torch.zeros(1, 1, 90, 160), torch.ones(1, 1, 90, 160)
    assert float(segmentation.agreed(told, land, seen)[0, 2].min()) > certainty.SURE
    assert float(segmentation.agreed(told, land, lying)[0, 2].max()) < 0.64
    dry = torch.cat([told[:, :3], told[:, 3:] * 0.1], 1)
    assert torch.equal(segmentation.agreed(dry, land, seen), segmentation.agreed(dry, land))


def test_what_the_parser_calls_sky_on_water_is_water_and_on_land_is_fog():
    lake = torch.tensor([0.08, 0.02, 0.9, 0.0]).view(1, 4, 1, 1).expand(1, 4, 90, 160)
    woods = torch.tensor([0.9, 0.05, 0.05, 0.0]).view(1, 4, 1, 1).expand(1, 4, 90, 160)
    mist = torch.tensor([0.02, 0.96, 0.02]).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    assert float(segmentation.agreed(lake, mist)[0, 2].min()) > certainty.SURE
    assert segmentation.agreed(woods, mist)[0, :3].argmax(0).unique().tolist() == [1]


def test_what_the_parser_says_of_a_narrow_thing_is_left_out():
    told, parsed = told_and_parsed()
    told = torch.tensor([0.6, 0.2, 0.2, 0.1]).view(1, 4, 1, 1).expand(1, 4, 288, 512)
    parsed = torch.full_like(parsed, 1 / 3)  # elsewhere it knows nothing
    parsed[:, :, :, 40:41] = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1)  # 4 of 512 columns
    assert torch.allclose(segmentation.agreed(told, parsed), told, atol=1e-5)
    parsed[:, :, :, 40:60] = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1)
    found = segmentation.agreed(told, parsed)[0, 2]
    assert float(found[:, 200].min()) > 0.7 and float(found[:, :140].max()) < 0.21


def test_it_is_written_and_read(parser, tmp_path):
    checkpoints.save(with_both(parser), tmp_path / "b")
    again = checkpoints.load(tmp_path / "b")
    image = torch.rand(1, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        assert (again.scene_parser(image) - parser(image)).abs().max() < 0.02


def test_training_changes_the_parser_alone(parser, tmp_path):
    checkpoints.save(with_both(parser), tmp_path / "b")
    before = checkpoints.load(tmp_path / "b")
    steps = TrainingLoopSettings(
        steps=2, batch=2, workers=0, mixed=False, average=0, learning_rate=1e-2
    )
    networks = train_scene.train(tmp_path / "run", TINY, steps, None, CPU, start=tmp_path / "b")
    bundling.add_scene(tmp_path / "b", networks, TINY)
    after = checkpoints.load(tmp_path / "b")
    assert not torch.equal(before.scene_parser.stem.weight, after.scene_parser.stem.weight)
    for name, value in before.scene_network.state_dict().items():
        assert torch.equal(value, after.scene_network.state_dict()[name])
    assert after.about["scene_parser"]["part"] == "parser"


def test_a_parser_begins_with_another_one(tmp_path):
    large = TrainSceneSettings(part="parser", size=128, scenes=1)
    steps = TrainingLoopSettings(steps=1, batch=1, workers=0, mixed=False)
    with pytest.raises(TrainingError, match="--start"):
        train_scene.train(tmp_path / "run", large, steps, None, CPU)


def test_its_pictures_are_multiples_of_its_cells():
    with pytest.raises(SettingsError, match="multiple of 128"):
        TrainSceneSettings(part="parser", size=160)


def test_the_default_bundles_parser_knows_the_example():
    example = images.load_image(EXAMPLE)
    shares = mosaic.ask(checkpoints.load().scene_parser, example, CPU)[0]
    drawn = np.array(Image.open(MASKS / "example.png").resize((512, 512), Image.Resampling.NEAREST))
    for k, value in ((0, 0), (1, 255), (2, 128)):  # land, sky and water in the mask
        assert shares[k][torch.from_numpy(drawn == value)].mean() > 0.85
