#!/usr/bin/env python3
"""Hold every URL that names this project's owner or branch on GitHub equal to `user` and `branch` in settings.ini; and what
`released` says there equal in the cell by which each notebook installs the package, in the command of the README that does,
and in the links that open a notebook in Colab (the tag of that version, or the branch as long as there is none).

    python .ci/urls.py                  check; name each wrong place and exit with 1 if there is any
    python .ci/urls.py --fix            rewrite them all
    python .ci/urls.py --cell           print the cell
    python .ci/urls.py --release v1.2.3 check, and that this tag is the version everywhere; what a release begins with
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
ref = f'v{released}' if released else branch      # what a notebook opens at in Colab
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
    (rf'(githubusercontent\.com/{_repo}/)([\w.-]+)(?=/)', branch),
    (rf'(google\.com/github/{_repo}/blob/)([\w.-]+)(?=/)', ref),
    (rf'(pip install )((?:git\+https://github\.com/[\w.-]+/)?{re.escape(lib)}(?:==[\w.]+)?)(?=[`\s]|$)', source),
    (rf'(https?://)([\w-]+)(?=\.github\.io/{_end})', user.lower()),
    (r'''(["']doc_host["']\s*:\s*["']https?://)([\w-]+)(?=\.github\.io)''', user.lower()),  # _modidx.py, by nbdev
]

def files():
    "Tracked files, and new ones that git does not ignore"
    cmd = ['git', 'ls-files', '-coz', '--exclude-standard']
    try: out = subprocess.run(cmd, cwd=root, capture_output=True, check=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError) as e: sys.exit(f'urls.py asks git for the files to read: {e}')
    for f in sorted(filter(None, out.split('\0'))):
        if f in ('settings.ini', 'CHANGELOG.md') or not (root/f).is_file(): continue
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

def release(tag):
    "Places that name another version than the tag `v` + version"
    def found(f, pat): return (re.search(pat, (root/f).read_text(encoding='utf-8'), re.M) or ['', 'none'])[1]
    have = {f'{lib}/__init__.py': found(f'{lib}/__init__.py', r'^__version__ = "(.+)"'), 'settings.ini, released': released,
            'CITATION.cff': found('CITATION.cff', r'^version: (.+)$'), 'CHANGELOG.md, its first version': found('CHANGELOG.md', r'^## (\d\S*)')}
    return [f'{k}: {v or "none"}, but the tag is {tag}' for k,v in have.items() if f'v{v}'!=tag]

def main(fix, tag=None):
    wrong = installs(fix) + (release(tag) if tag else [])
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

if __name__=='__main__':
    args = sys.argv[1:]
    if '--cell' in args: sys.exit(print(INSTALL))
    main('--fix' in args, args[args.index('--release')+1] if '--release' in args else None)
