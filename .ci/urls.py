#!/usr/bin/env python3
"""Hold every URL that names this project's owner or branch on GitHub equal to `user` and `branch` in settings.ini,
and the cell by which each notebook installs the package equal to what `released` says there.

    python .ci/urls.py          check; name each wrong place and exit with 1 if there is any
    python .ci/urls.py --fix    rewrite them all
"""
import json, re, subprocess, sys
from configparser import ConfigParser
from pathlib import Path

root = Path(__file__).resolve().parent.parent
ini = ConfigParser(delimiters=['='], interpolation=None)
ini.read(root/'settings.ini', encoding='utf-8')
lib,user,branch = (ini['DEFAULT'][k] for k in ('lib_name', 'user', 'branch'))
released = ini['DEFAULT'].get('released', '')

# Until a version is on the index, its address is the repository's
source = f'{lib}=={released}' if released else f'git+https://github.com/{user}/{lib}'
INSTALL = f"""#| hide
#| eval: false
from importlib.util import find_spec
if find_spec('{lib}') is None:
    %pip install -q {source}"""

_end = rf'{re.escape(lib)}(?:\.git)?(?![\w-])'
_repo = rf'[\w.-]+/{_end}'
rules = [ # a URL's part before the name, the name, the part after it; and what the name must be
    (rf'((?:github\.com[/:]|githubusercontent\.com/|google\.com/github/))([\w.-]+)(?=/{_end})', user),
    (rf'(github\.com/{_repo}/(?:blob|tree|raw|edit)/)([\w.-]+)(?=/)', branch),
    (rf'((?:google\.com/github/{_repo}/blob|githubusercontent\.com/{_repo})/)([\w.-]+)(?=/)', branch),
    (rf'(https?://)([\w-]+)(?=\.github\.io/{_end})', user.lower()),
    (r'''(["']doc_host["']\s*:\s*["']https?://)([\w-]+)(?=\.github\.io)''', user.lower()),  # _modidx.py, by nbdev
]

def files():
    "Tracked files, and new ones that git does not ignore"
    cmd = ['git', 'ls-files', '-coz', '--exclude-standard']
    try: out = subprocess.run(cmd, cwd=root, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as e: sys.exit(f'urls.py asks git for the files to read: {e}')
    for f in sorted(filter(None, out.split('\0'))):
        if f=='settings.ini' or not (root/f).is_file(): continue
        try: yield f,(root/f).read_bytes().decode('utf-8')
        except UnicodeDecodeError: pass    # a picture, or data

def installs(fix):
    "Notebooks whose cell of installation is missing or another"
    wrong = []
    for p in sorted((root/'nbs').glob('*.ipynb')):
        text = p.read_text(encoding='utf-8')
        nb = json.loads(text)
        cell = next((c for c in nb['cells'][:5] if c['cell_type']=='code' and re.search(r'pip install', ''.join(c['source']))), None)
        if cell is None: wrong.append(f'{p.name}: no cell that installs the package among the first five'); continue
        if ''.join(cell['source'])==INSTALL: continue
        wrong.append(f'{p.name}: the cell that installs the package should be\n{INSTALL}')
        cell['source'],cell['outputs'] = INSTALL.splitlines(True),[]
        if fix: p.write_text(json.dumps(nb, indent=1, ensure_ascii=False, sort_keys=True) + '\n', encoding='utf-8', newline='\n')
    return wrong

def main(fix):
    wrong = installs(fix)
    for f,old in files():
        new = old
        for pat,want in rules:
            for m in re.finditer(pat, new):
                if m[2]!=want: wrong.append(f'{f}:{new.count(chr(10), 0, m.start())+1}: {m[0]} should be {m[1]}{want}')
            new = re.sub(pat, lambda m: m[1]+want, new)
        if fix and new!=old: (root/f).write_bytes(new.encode('utf-8'))
    if not wrong: return
    print(*wrong, sep='\n')
    if fix: return print(f'{len(wrong)} rewritten')
    sys.exit(f'{len(wrong)} places differ from user = {user}, branch = {branch}, released = {released} in settings.ini. '
             'Run: python .ci/urls.py --fix')

if __name__=='__main__': main('--fix' in sys.argv[1:])
