"Hand settings.ini to setuptools; pyproject.toml says how to build and where the version stands"
import platform, sys
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path
from setuptools import setup

here = Path(__file__).parent
cfg = ConfigParser(delimiters=['='], interpolation=None)
cfg.read(here/'settings.ini', encoding='utf-8')
cfg = cfg['DEFAULT']
lib = cfg['lib_name']

wanted = tuple(map(int, cfg['min_python'].split('.')))
if sys.version_info[:2]<wanted:
    sys.exit(f"{lib} needs Python {cfg['min_python']} or newer; this is {platform.python_version()} ({sys.executable}).")
torch = next(r for r in cfg['requirements'].split() if r.startswith('torch'))
if (sys.platform, platform.machine())==('darwin', 'x86_64') and not find_spec('torch'):
    sys.exit(f"{lib} needs {torch}, for which PyPI has no wheels for Macs with Intel processors. Use the notebooks in Colab, "
             "or install torch from conda-forge or from its source, and then this with: pip install --no-build-isolation .")

setup(
    description = cfg['description'],
    long_description = (here/'README.md').read_text(encoding='utf-8'),
    long_description_content_type = 'text/markdown',
    keywords = cfg['keywords'].split(),
    author = cfg['author'],
    author_email = cfg['author_email'],
    license_expression = cfg['license'],
    license_files = ['LICENSE', 'LICENSES/*'],
    classifiers = cfg['classifiers'].strip().splitlines(),
    python_requires = f">={cfg['min_python']}",
    install_requires = cfg['requirements'].split(),
    extras_require = {o: cfg[f'{o}_requirements'].split() for o in ('dev', 'bench', 'pretrained')},
    packages = [lib],
    include_package_data = False,      # what package_data says is all of it; else setuptools takes assets/ for a package
    package_data = {lib: ['assets/*', 'py.typed']},
    entry_points = {'console_scripts': cfg['console_scripts'].split(), 'nbdev': [f'{lib}={lib}._modidx:d']},
)
