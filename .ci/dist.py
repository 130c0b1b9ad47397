#!/usr/bin/env python3
"""What people get from us, looked at from outside: who is refused and how, what the wheel and the sdist hold, what the first
cell of a notebook does.

    python .ci/dist.py DIST     DIST is the folder that `python -m build --outdir DIST` filled, with its output in DIST/build.log
"""
import contextlib, io, os, platform, runpy, subprocess, sys, tarfile, tempfile, zipfile
from email import message_from_string
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from urls import INSTALL, ini, lib, root, source, user
floor = ini['DEFAULT']['min_python']
wrong = []

def check(ok, what):
    if not ok: wrong.append(what)

# -- setup.py ---------------------------------------------------------------------------------------------------------

def said_by_setup(**where):
    "What setup.py ends with on another machine; '' if it goes on to setuptools"
    with contextlib.ExitStack() as stack:
        for name,v in where.items():
            home,k = {'version': (sys, 'version_info'), 'system': (sys, 'platform'), 'machine': (platform, 'machine'), 'torch': ('importlib.util', 'find_spec')}[name]
            stack.enter_context(patch(f'{home}.{k}', v) if isinstance(home, str) else patch.object(home, k, v))
        stack.enter_context(patch('setuptools.setup', lambda **kw: None))
        try: runpy.run_path(str(root/'setup.py'))
        except SystemExit as e: return str(e.code)
    return ''

def refusals():
    old = said_by_setup(version=(3, 10, 14))
    check(f'Python {floor}' in old and '\n' not in old, f'setup.py on Python 3.10 says {old!r}')
    mac = dict(system='darwin', machine=lambda: 'x86_64')
    intel = said_by_setup(**mac, torch=lambda name: None)
    check('Intel' in intel and 'torch>=' in intel, f'setup.py on an Intel Mac says {intel!r}')
    for name,where in dict(here={}, arm=dict(system='darwin', machine=lambda: 'arm64'), intel_with_torch=dict(**mac, torch=lambda name: 'found')).items():
        check(said_by_setup(**where)=='', f'setup.py refuses {name}: {said_by_setup(**where)!r}')

# -- wheel and sdist --------------------------------------------------------------------------------------------------

def contents(dist):
    (wheel,),(sdist,) = list(dist.glob('*.whl')),list(dist.glob('*.tar.gz'))
    with zipfile.ZipFile(wheel) as z:
        have = set(z.namelist())
        meta = message_from_string(z.read(next(n for n in have if n.endswith('.dist-info/METADATA'))).decode())
    urls = dict(u.split(', ', 1) for u in meta.get_all('Project-URL'))
    check({'Changelog', 'Issues', 'Documentation', 'Repository'} <= set(urls) and urls['Issues'].endswith(f'{user}/{lib}/issues'), f'project URLs: {urls}')
    check(meta['License-Expression']=='Apache-2.0 AND CC-BY-4.0', f"licence: {meta['License-Expression']}")
    check(set(meta.get_all('License-File'))=={'LICENSE', 'LICENSES/DATA.md'}, f"licence files: {meta.get_all('License-File')}")
    check(meta['Requires-Python']==f'>={floor}', f"Requires-Python: {meta['Requires-Python']}")
    plain = [r for r in meta.get_all('Requires-Dist') if 'extra ==' not in r]
    check(not any(r.startswith(('nbdev', 'sphinx', 'ipykernel')) for r in plain), f'the package alone asks for {plain}')
    for n in ('py.typed', 'assets/README.md', 'assets/digits-images-idx3-ubyte.gz', 'assets/shakespeare.txt.gz'):
        check(f'{lib}/{n}' in have, f'the wheel has no {n}')
    with tarfile.open(sdist) as t: inside = {n.partition('/')[2] for n in t.getnames()}
    want = {f'nbs/{p.name}' for p in (root/'nbs').glob('*.ipynb')} | {'settings.ini', 'CHANGELOG.md', 'LICENSES/DATA.md', f'{lib}/py.typed', '.ci/tested.py'}
    check(want <= inside, f'the sdist has no {sorted(want-inside)}')
    junk = [n for n in inside if n.endswith(('.pyc', '.DS_Store')) or '.ipynb_checkpoints' in n]
    check(not junk, f'the sdist has {junk}')
    log = (dist/'build.log').read_text(encoding='utf-8', errors='replace')
    odd = [l for l in log.splitlines() if any(w in l for w in ('absent from the `packages`', 'DeprecationWarning', 'SetuptoolsWarning'))]
    check(not odd, f'the build warns: {odd}')

# -- the cell that installs -------------------------------------------------------------------------------------------

def first_cell():
    from IPython.core.inputtransformer2 import TransformerManager
    code = TransformerManager().transform_cell(INSTALL)
    for there in (True, False):
        ran,said = [],io.StringIO()
        shell = SimpleNamespace(run_line_magic=lambda name, line: ran.append(f'{name} {line}'))
        with patch('importlib.util.find_spec', lambda name: name if there else None), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            exec(code, dict(get_ipython=lambda: shell))
        check(ran==([] if there else [f'pip install -q {source}']) and not said.getvalue(), f'the first cell, package {"there" if there else "absent"}: {ran} {said.getvalue()!r}')

# -- readme.py and urls.py: one place decides -------------------------------------------------------------------------

def one_place():
    "In a copy in which a version is released, urls.py names the places that do not know it, mends them all, and is content"
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        subprocess.run(['git', 'clone', '-q', root, d/'c'], check=True)
        for f in ('.ci/urls.py', 'settings.ini'): (d/'c'/f).write_bytes((root/f).read_bytes())
        p = d/'c'/'settings.ini'; p.write_text(p.read_text(encoding='utf-8').replace('\nreleased =', '\nreleased = 9.8.7 #').replace(' #', '', 1), encoding='utf-8')
        def urls(*args): return subprocess.run([sys.executable, '.ci/urls.py', *args], cwd=d/'c', capture_output=True, text=True, encoding='utf-8', env={**os.environ, 'PYTHONUTF8': '1'})
        first,mended,after = urls(),urls('--fix'),urls()
        check(first.returncode==1 and 'should be' in first.stdout and '/v9.8.7' in first.stdout, f'urls.py with a release: {first.stdout[-300:]} {first.stderr}')
        check(mended.returncode==0 and after.returncode==0 and not after.stdout, f'urls.py --fix: {mended.stderr} {after.stdout[-300:]}')
        nb = (d/'c'/'nbs'/'05a_command.ipynb').read_text(encoding='utf-8')
        check(f'{lib}==9.8.7' in nb and f'{lib}/blob/v9.8.7/nbs/' in nb, 'a notebook knows nothing of the release')
        check(f'pip install {lib}==9.8.7' in (d/'c'/'README.md').read_text(encoding='utf-8'), 'README knows nothing of the release')
        check(urls('--release', 'v9.8.7').returncode==1 and 'CITATION.cff: ' in urls('--release', 'v9.8.7').stdout, 'a tag that is not the version passes')

def main(dist):
    refusals(); contents(Path(dist)); first_cell(); one_place()
    if wrong: sys.exit('\n'.join(wrong))

if __name__=='__main__': main(sys.argv[1])
