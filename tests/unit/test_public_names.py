import pkgutil
import subprocess
import sys

import pytest

import ganoscope


@pytest.mark.parametrize("name", ganoscope.__all__)
def test_a_public_name_is_found_again_after_its_module_was_imported(name):
    assert callable(getattr(ganoscope, name)) and callable(getattr(ganoscope, name))


def test_no_module_hides_a_public_name():
    modules = {module.name for module in pkgutil.iter_modules(ganoscope.__path__)}
    assert not modules & set(ganoscope.__all__)


def test_public_names_are_imported_on_first_use_only():
    code = "import ganoscope, sys; ganoscope.PrepareConfig; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_are_completed_and_the_version_is_known():
    assert set(ganoscope.__all__) <= set(dir(ganoscope))
    assert ganoscope.__version__[0].isdigit()
