"""The sharper sum of a row: within what it states, by Arb at 400 bits."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, ctx

from softaudit.reference.sharp import sharp_sum
from softaudit.reference.windows import Peak


def relative_error(x: np.ndarray, temperature: float) -> tuple[arb, int]:
    found = sharp_sum(x, temperature, Peak.of(x[None]))
    _, man, exponent, _ = found.others
    before, ctx.prec = ctx.prec, 400
    try:
        top = arb(float(x.max()))
        finite = (v for v in x.tolist() if np.isfinite(v) and v < x.max())
        exact = sum((((arb(v) - top) / arb(temperature)).exp() for v in finite), arb(0))
        return abs(arb(int(man)) * arb(2) ** int(exponent) - exact) / exact, found.bits
    finally:
        ctx.prec = before


ROWS = {
    "near": lambda rng: rng.normal(0, 0.01, 500),
    "normal": lambda rng: rng.normal(0, 3, 2000),
    "wide": lambda rng: rng.normal(0, 150, 300),
    "few": lambda rng: np.array([0.0, -1e-30, -5.0]),
    "one": lambda rng: np.array([3.0, -590.0]),
    "dominated": lambda rng: np.concatenate([[0.0], -rng.uniform(400, 600, 50)]),
    "masked": lambda rng: np.where(rng.random(400) < 0.5, -np.inf, rng.normal(0, 9, 400)),
    "ties": lambda rng: np.repeat(rng.normal(0, 2, 60), 3),
    "steps of the table": lambda rng: -np.arange(3000) * np.log(2) / 4096,
    "between its steps": lambda rng: -(np.arange(3000) + 0.5) * np.log(2) / 4096,
    "far": lambda rng: np.array([0.0, -3.0, -691.0, -693.0, -5000.0]),
    "large": lambda rng: 1e15 + np.round(rng.normal(0, 30, 300)),
}


@pytest.mark.parametrize("temperature", [1.0, 0.5, 0.7, 3.0])
@pytest.mark.parametrize("name", ROWS)
def test_it_is_as_near_as_it_says(name, temperature):
    for seed in range(4):
        x = ROWS[name](np.random.default_rng(seed)) * temperature
        error, bits = relative_error(x, temperature)
        assert error < arb(2) ** (-bits - 3)
        assert bits == (95 if temperature in (1.0, 0.5) else 89)
