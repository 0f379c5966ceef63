"""FunnelPlotR 0.6.0: limits with and without over-dispersion, phi and tau2, at every site.

The tool takes its 99.8 % limits at z = 3.090232 and its 95 % ones at 1.959964, rounded to six
decimals; ours are not rounded, so limits agree to that rounding and the rest to the last digit.
"""

import numpy as np
import pytest
from scipy.special import ndtri
from spc_cases import args, names, same, table

from qi_equity.spc.funnel import SCALES, funnel

TOOL = "funnelplotr"
KINDS = {"PR": "proportion", "SR": "ratio"}
ROUNDED = {0.95: 1.959964, 0.998: 3.090232}


@pytest.mark.parametrize("case", names(TOOL))
def test_funnels_agree(case: str) -> None:
    given = args(TOOL, case)
    sites, expected = table(TOOL, case, "input"), table(TOOL, case, "expected")
    summary = table(TOOL, case, "expected_summary").iloc[0]
    kind = KINDS[given["data_type"]]
    expected = expected.set_index("group").loc[sites["group"]]
    events = sites[given["numerator"]].to_numpy(float)[None]
    size = sites[given["denominator"]].to_numpy(float)[None]
    found = funnel(events, size, kind=kind, over_dispersion="additive", limits="stabilised")
    plain = funnel(events, size, kind=kind, limits="stabilised")
    same(found.rate[0], expected["rr"], "rate")
    scale, drawing = SCALES[kind], found.drawing
    same(scale.forth(found.target)[0, 0], expected["target_transformed"].iloc[0], "target")
    if given["draw_adjusted"]:
        same(drawing.phi[0, 0], summary["phi"], "phi")
        same(drawing.tau2[0, 0], summary["tau2"], "tau2")
    level = 0.998 if given["limit"] == 99 else 0.95
    tau2 = drawing.tau2[0, 0] if given["draw_adjusted"] else 0.0
    for share, name in ((0.95, "95"), (0.998, "99")):
        # Their rounded z, our arithmetic: to the last digit.
        width = ROUNDED[share] * np.sqrt(scale.spread(size[0]) ** 2 + tau2)
        middle = scale.forth(found.target)[0]
        same(scale.back(middle - width), expected[f"OD{name}LCL"], "lower, widened")
        same(scale.back(middle + width), expected[f"OD{name}UCL"], "upper, widened")
        # Our own limits: to the rounding of their z.
        low, high = (found if tau2 else plain).limits[share]
        np.testing.assert_allclose(low[0], expected[f"OD{name}LCL"], rtol=2e-6, atol=1e-8)
        np.testing.assert_allclose(high[0], expected[f"OD{name}UCL"], rtol=2e-6, atol=1e-8)
        if kind == "ratio":
            low, high = funnel(events, size, kind=kind, limits="chi-square").limits[share]
            same(low[0], expected[f"LCL{name}"], "chi-square lower")
            same(high[0], expected[f"UCL{name}"], "chi-square upper")
        assert abs(ndtri((1 + share) / 2) - ROUNDED[share]) < 5e-7
    if given["draw_adjusted"] and tau2:
        outside = found.outside(level)[0] != 0
        assert outside.tolist() == (expected["outlier"] == 1).tolist()
