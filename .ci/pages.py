#!/usr/bin/env python3
"""How long each page takes to read, and whether the pages of the course keep their limits, and code its width.

    python .ci/pages.py      a line for each page; exits with 1 if one of the course is too long, or a line of code

Minutes: words of prose and of text outputs at 200 a minute, half a minute for a code cell that is shown, two seconds for each
of its lines; exercises apart. Folded code and folded solutions count.
"""
import json, re, sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root/'nbs'/'_ext'))
from nbsite.cells import directives, name_of

LIMITS = dict(minutes=90, cells=260, words=5000, hidden=1/6)   # of a page of the course
OWN = {'02_fwd_bwd': dict(cells=200, words=4500)}

def src(c): return ''.join(c['source'])

def hidden(c):
    d,_ = directives(src(c))
    return 'hide' in d or 'default_exp' in d or d.get('include')=='false'

def wide(cells):
    "Lines of code too long for the page: 94 columns where a reader sees them at once, 120 in folds and hidden cells"
    for i,c in enumerate(cells):
        if c['cell_type']!='code': continue
        d,code = directives(src(c))
        most = 120 if hidden(c) or d.keys() & {'export','exporti'} or d.get('code-fold')=='true' else 94
        yield from (f'cell {i}: {len(l)} columns, at most {most}: {l.strip()[:60]}' for l in code.splitlines() if len(l)>most)

def parts(cells):
    "The cells of a page without its exercises, and the number of these"
    rest,n,level = [],0,0
    for c in cells:
        m = re.match(r'(#+ |\*\*)(.*)', src(c)) if c['cell_type']=='markdown' else None
        depth = m and (6 if m[1]=='**' else len(m[1])-1)
        if m and level and m[1]!='**' and depth<=level: level = 0
        if m and re.match(r'Exercise\b(?!s)', m[2]): n,level = n+1,depth
        if not level: rest.append(c)
    return rest,n

def lines(c): return sum(bool(l.strip()) for l in directives(src(c))[1].splitlines())
def said(o):
    "The words of an output, where it is text"
    data = o.get('data', {})
    return len(''.join(o.get('text') or data.get('text/markdown') or data.get('text/plain') or '').split())

def measure(path):
    "Minutes, exercises, visible cells, words of prose and the hidden share of a notebook's source"
    cells = [c for c in json.loads(Path(path).read_text(encoding='utf-8'))['cells'] if src(c).strip()]
    code = [c for c in cells if c['cell_type']=='code']
    words = lambda cs: sum(len(src(c).split()) for c in cs if c['cell_type']=='markdown')
    rest,n = parts(cells)
    shown = [c for c in rest if c['cell_type']=='code' and not hidden(c)]
    minutes = (words(rest) + sum(said(o) for c in shown for o in c['outputs']))/200 + len(shown)/2 + sum(map(lines, shown))/30
    size = lambda cs: sum(len(src(c)) for c in cs)
    return dict(minutes=round(minutes), exercises=n, cells=len(cells)-sum(map(hidden, code)), words=words(cells),
                hidden=round(size(filter(hidden, code))/max(1, size(cells)), 2))

def books(): return sorted(p for p in (root/'nbs').glob('*.ipynb') if name_of(p.stem))

def main():
    bad = []
    for p in books():
        m = measure(p)
        bad += [f'{p.stem}, {w}' for w in wide(json.loads(p.read_text(encoding='utf-8'))['cells'])]
        print(f'{p.stem:18} {m["minutes"]:4} min {m["exercises"]:3} exercises {m["cells"]:4} cells {m["words"]:6} words {m["hidden"]:5} hidden')
        if p.stem[0]=='0': bad += [f'{p.stem}: {k} {m[k]}, at most {round(v, 2)}' for k,v in (LIMITS | OWN.get(p.stem, {})).items() if m[k]>round(v, 2)]
    if bad: sys.exit('\n'.join(bad))

if __name__=='__main__': main()
