#!/usr/bin/env python3
"""Who imports whom in the package, held against the drawing in CONTRIBUTING.md; and no function too branched to be read.

    python .ci/house.py      exits with 1 if an import points up or sideways, or a function is above the bound
"""
import ast, sys
from pathlib import Path

package = Path(__file__).resolve().parent.parent/'backprop_nbs'
GROUND = {'data','matmul','check','derive','debug','draw','bench'}      # none of these imports another
MAY = dict(fwd_bwd={'data'}, modules={'fwd_bwd'}, layers={'modules','fwd_bwd'}, sequences={'layers','modules','fwd_bwd'},
           engine={'check'}, ops={'engine','check'}, higher={'engine'}, record={'ops','engine','check'}, autograd={'record','higher','ops','engine'},
           scaling={'modules','fwd_bwd','data'},
           training={'layers','scaling','autograd','modules','fwd_bwd','data','check','draw'},
           transformer={'training','layers','modules','fwd_bwd','data','check','draw'})
BRANCHES = (ast.If, ast.For, ast.While, ast.IfExp, ast.ExceptHandler, ast.comprehension, ast.Assert, ast.match_case)
MOST = 15

def imported(tree):
    "What a module imports from the package"
    for o in ast.walk(tree):
        if isinstance(o, ast.ImportFrom) and o.level: yield from [o.module.split('.')[0]] if o.module else [a.name for a in o.names]
        elif isinstance(o, ast.ImportFrom) and (o.module or '').split('.')[0]==package.name:
            yield from [o.module.split('.')[1]] if '.' in o.module else [a.name for a in o.names]
        elif isinstance(o, ast.Import): yield from [a.name.split('.')[1] for a in o.names if a.name.startswith(package.name+'.')]

def complexity(f):
    "McCabe's number: branches of a function's own body plus one"
    n,todo = 1,list(ast.iter_child_nodes(f))
    while todo:
        o = todo.pop()
        if isinstance(o, (ast.FunctionDef, ast.Lambda, ast.ClassDef)): continue
        n += isinstance(o, BRANCHES) + (len(o.values)-1 if isinstance(o, ast.BoolOp) else 0)
        todo += ast.iter_child_nodes(o)
    return n

def main():
    wrong,modules = [],{p.stem for p in package.glob('[a-z]*.py')}
    for p in sorted(package.glob('[a-z]*.py')):
        tree = ast.parse(p.read_text(encoding='utf-8'))
        up = set(imported(tree)) & modules - (set() if p.stem in GROUND else MAY.get(p.stem, set())) - {p.stem}
        if up: wrong.append(f'{p.stem} imports {", ".join(sorted(up))}')
        wrong += [f'{p.stem}.{f.name}: complexity {complexity(f)}, at most {MOST}' for f in ast.walk(tree)
                  if isinstance(f, ast.FunctionDef) and complexity(f)>MOST]
    if wrong: sys.exit('\n'.join(wrong))

if __name__=='__main__': main()
