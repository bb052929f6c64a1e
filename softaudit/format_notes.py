"""What people want to know of a number format beside its parameters, in the shape of a docstring.

Thresholds are not repeated here: they are computed from the parameters.
"""

from __future__ import annotations

NOTES: dict[str, str] = {
    "float16": """
        Half precision: 5 bits of exponent, IEEE 754's binary16.

        Notes
        -----
        Fails: by its range before its precision.  Ordinary attention scores overflow an unshifted
        exponential; 65536 equal logits overflow the sum of a shifted one; masks of the least finite
        float32 become −∞; many probabilities of a large vocabulary are 0 or subnormal.

        Used by: inference on GPUs, and mixed-precision training with a scaled loss, both with
        softmax computed in float32.

        References
        ----------
        IEEE 754-2019, doi:10.1109/IEEESTD.2019.8766229.
        Micikevicius et al., Mixed Precision Training (2018), arXiv:1710.03740.
        """,
    "bfloat16": """
        The upper half of a float32: its range, with 8 bits of precision.

        Notes
        -----
        Fails: by its precision.  The rounding of x − m alone may cost tens of ULP, where one ULP is
        up to 0.8 %; a sequential accumulator stalls at 256.

        Used by: training and serving of most large models, on TPUs and GPUs, with softmax computed
        in float32.

        References
        ----------
        Kalamkar et al., A Study of BFLOAT16 for Deep Learning Training (2019), arXiv:1905.12322.
        """,
    "float32": """
        Single precision, IEEE 754's binary32.

        Notes
        -----
        Fails: for logits far below 0 as a whole without a shift; for the logarithm of a dominant
        class, which 1 absorbs; for a sum over a large vocabulary, which numpy.random.choice may
        refuse.

        Used by: the softmax inside most frameworks, whatever the format of the logits.

        References
        ----------
        IEEE 754-2019, doi:10.1109/IEEESTD.2019.8766229.
        """,
    "float64": """
        Double precision, IEEE 754's binary64.

        Notes
        -----
        Fails: hardly by its range; the logarithm of a dominant class is absorbed in it as well: of
        [40, 0] it becomes 0, where −4.2e-18 is right.

        Used by: NumPy and scipy by default, statistics, and references that others are compared
        with.

        References
        ----------
        IEEE 754-2019, doi:10.1109/IEEESTD.2019.8766229.
        """,
    "float8_e4m3fn": """
        Eight bits with 4 of exponent: no infinity, and one NaN of either sign.

        Notes
        -----
        Fails: almost everywhere that sums or exponentials are rounded to it.  What is beyond 448
        is NaN, or 448 where conversions saturate (--saturate); probabilities below 1/1024 are 0,
        so that the mass of a long row vanishes.

        Used by: weights and activations of training and inference on recent GPUs, with sums in
        float32; attention kernels store probabilities in it.

        References
        ----------
        Micikevicius et al., FP8 Formats for Deep Learning (2022), arXiv:2209.05433.
        """,
    "float8_e5m2": """
        Eight bits with 5 of exponent: the range of float16 with 3 bits of precision.

        Notes
        -----
        Fails: by its precision; one ULP is up to 25 %, and a sequential accumulator stalls at 8.

        Used by: gradients in training with eight bits.

        References
        ----------
        Micikevicius et al., FP8 Formats for Deep Learning (2022), arXiv:2209.05433.
        """,
}
"""By the formats' names."""
