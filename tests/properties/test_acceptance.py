"""What charts and gap charts may and must do, by simulation: few here, all with `-m long`."""

import equity_cells
import ledger_cells
import network_cells
import pooling_cells
import pytest
import spc_cells
import value_cells
import watch_cells

CELLS = (
    equity_cells,
    ledger_cells,
    network_cells,
    pooling_cells,
    spc_cells,
    value_cells,
    watch_cells,
)
PLAYS = {name: play for cells in CELLS for name, play in cells.PLAYS.items()}


def test_no_play_hides_another_of_its_name():
    assert len(PLAYS) == sum(len(cells.PLAYS) for cells in CELLS)


@pytest.mark.parametrize("name", PLAYS)
def test_few_charts_do_not_contradict_the_bounds(name):
    play, _, few = PLAYS[name]
    broken = [figure for figure in play(few) if not figure.credible]
    assert not broken


@pytest.mark.long
@pytest.mark.parametrize("name", PLAYS)
def test_the_bounds_hold_at_full_size(name):
    play, full, _ = PLAYS[name]
    broken = [figure for figure in play(full) if not figure.kept]
    assert not broken
