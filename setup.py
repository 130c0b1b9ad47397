"Hand settings.ini to setuptools; pyproject.toml says how to build and where the version stands"
import platform, sys
from configparser import ConfigParser
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
if sys.platform=='darwin' and platform.machine()=='x86_64':
    sys.exit(f"{lib} needs torch 2.4 or newer, for which there are no wheels for Macs with Intel processors. "
             "Build torch yourself, or use the notebooks in Colab.")

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
    extras_require = {o: cfg[f'{o}_requirements'].split() for o in ('dev', 'bench')},
    packages = [lib],
    package_data = {lib: ['assets/*', 'py.typed']},
    entry_points = {'console_scripts': cfg['console_scripts'].split(), 'nbdev': [f'{lib}={lib}._modidx:d']},
)
