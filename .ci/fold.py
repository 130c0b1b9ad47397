#!/usr/bin/env python3
"""What the site hides or folds, Jupyter and Colab fold too: by the metadata that each of them reads.

    python .ci/fold.py          exits with 1 if a cell says one thing and its metadata another
    python .ci/fold.py --fix    writes the metadata
"""
import json, sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root/'nbs'/'_ext'))
from nbsite.cells import directives

FOLDED = {'jupyter': {'source_hidden': True}, 'cellView': 'form'}   # JupyterLab and Notebook 7; Colab

def folded(cell):
    "Does the site hide or fold this cell? The cell that installs the package stays open"
    if cell['cell_type']!='code': return False
    d,_ = directives(''.join(cell['source']))
    return 'eval' not in d and bool(d.keys() & {'hide','default_exp','export','exporti'} or d.get('code-fold')=='true')

def main(fix):
    wrong = []
    for path in sorted((root/'nbs').glob('*.ipynb')):
        nb = json.loads(path.read_text(encoding='utf-8'))
        off = [c for c in nb['cells'] if (FOLDED if folded(c) else {})!={k: v for k,v in c['metadata'].items() if k in FOLDED}]
        if not off: continue
        wrong.append(f'{path.stem}: {len(off)} cells fold on the site and not in Jupyter, or the reverse; run `python .ci/fold.py --fix`')
        for c in off: c['metadata'] = {k: v for k,v in c['metadata'].items() if k not in FOLDED} | (FOLDED if folded(c) else {})
        if fix: path.write_text(json.dumps(nb, ensure_ascii=False, indent=1)+'\n', encoding='utf-8')
    if wrong and not fix: sys.exit('\n'.join(wrong))

if __name__=='__main__': main('--fix' in sys.argv[1:])
