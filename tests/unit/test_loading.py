"""What is loaded is not looked through by Python's collector; it is at work again afterwards."""

import gc

import pytest

from qi_equity.app.loading import loading


def test_the_collector_rests_while_modules_are_loaded_and_works_again_afterwards():
    assert gc.isenabled()
    with loading():
        assert not gc.isenabled()
        held = [[] for _ in range(10)]
    assert gc.isenabled()
    assert not any(one is held for one in gc.get_objects()), "it is left out of later rounds"


def test_the_collector_works_again_where_loading_fails():
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


def test_who_had_no_collector_has_none_afterwards():
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
