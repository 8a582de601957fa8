"""Codebooks are ordered along the first principal component and interpolate between neighbours."""

from __future__ import annotations

import pytest
import torch

from landscape_engine.bundles.codebook import (
    AppearanceCodebook,
    CodeCycle,
    MotionCodebook,
    order,
    pace,
    resample,
)
from landscape_engine.errors import CodeError


def test_codes_are_ordered_along_their_first_principal_component():
    torch.manual_seed(0)
    axis = torch.tensor([0.1, 0.9, -0.2, 0, 0, 0.1, 0, 0])
    along = torch.tensor([3.0, -1, 0.5, 2, -4])
    codes = along[:, None] * axis + 0.01 * torch.randn(5, 8)
    assert order(codes).tolist() == along.argsort().tolist()
    assert order(codes.flip(0)).tolist() == (4 - order(codes)).tolist()


def test_positions_interpolate_between_neighbours():
    book = MotionCodebook(torch.tensor([[0.0, 0], [1, 10], [2, 40]]))
    assert book.at(0).tolist() == [[0, 0]]
    assert book.at(1).tolist() == [[2, 40]]
    assert book.at(0.75).tolist() == [[1.5, 25]]


def test_one_code_serves_every_position():
    assert MotionCodebook(torch.ones(1, 8)).at(0.7).tolist() == [[1.0] * 8]


@pytest.mark.parametrize("position", [-0.1, 1.01, float("nan")])
def test_positions_outside_are_refused(position):
    with pytest.raises(CodeError, match="expected 0 to 1"):
        MotionCodebook(torch.rand(3, 8)).at(position)


def test_appearance_sequences_mix_at_the_longer_length():
    book = AppearanceCodebook([torch.zeros(2, 8), torch.ones(5, 8)])
    assert book.at(0).shape == (2, 8)
    assert book.at(0.5).shape == (5, 8)
    assert torch.allclose(book.at(0.5), torch.full((5, 8), 0.5))


def test_resampling_keeps_both_ends():
    sequence = torch.tensor([[0.0], [1], [4]])
    assert resample(sequence, 5)[:, 0].tolist() == [0, 0.5, 1, 2.5, 4]
    assert resample(sequence, 2)[:, 0].tolist() == [0, 4]


def test_the_cycle_closes_from_the_last_key_to_the_first():
    cycle = CodeCycle.even(torch.arange(4.0)[:, None])
    assert cycle.around(0) == (0, 1, 0)
    assert cycle.around(0.875) == (3, 0, 0.5)
    assert cycle.around(1.0) == (0, 1, 0)


def test_keys_are_reached_at_their_phases():
    cycle = CodeCycle(torch.tensor([[0.0], [8.0], [2.0]]), (0, 0.25, 0.5))
    assert [cycle.at(p).item() for p in (0, 0.125, 0.25, 0.375, 0.5, 0.75, 1)] == [
        0, 4, 8, 5, 2, 1, 0,
    ]  # fmt: skip


def test_large_changes_take_longer():
    there_and_back = torch.tensor([[0.0, 0], [0.1, -0.1], [0.2, -0.2], [0.3, -0.3], [0.4, -0.4]])
    phases = pace(there_and_back)
    assert phases[0] == 0 and phases == tuple(sorted(phases))
    gaps = [b - a for a, b in zip(phases, (*phases[1:], 1.0), strict=True)]
    assert gaps[:4] == pytest.approx([gaps[0]] * 4) and gaps[4] > 2 * gaps[0]
    assert pace(torch.zeros(4, 8)) == pytest.approx((0, 0.25, 0.5, 0.75))


def test_little_time_is_spent_in_the_dark_and_midnight_is_near_half_time():
    day = torch.tensor([[0.0], [-0.2], [-0.4], [-0.9], [-0.95], [-0.9]])
    phases = (*pace(day), 1.0)
    gaps = [b - a for a, b in zip(phases, phases[1:], strict=False)]
    assert max(gaps[3:5]) < 0.5 * min(gaps[:2])
    assert 0.4 < phases[4] < 0.6
    early = torch.tensor([[0.0], [-0.9], [-0.8], [-0.7], [-0.6], [-0.5], [-0.4], [-0.2]])
    assert 0.4 < pace(early)[1] < 0.5, "it would be .2"
    assert pace(torch.zeros(1, 8)) == (0,)
