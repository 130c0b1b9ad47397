#!/usr/bin/env python3
"""Make README.md from nbs/index.ipynb, after bringing its map of the notebooks up to date.

    python .ci/readme.py            write both
    python .ci/readme.py --check    write nothing; exit with 1 if either is stale
"""
import json, re, sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root/'nbs'/'_ext'))
from nbsite.cells import chapters, directives, name_of, text     # the site reads the same directives
from pages import measure
from urls import branch, lib, ref, user      # one place decides

index,readme,images = root/'nbs'/'index.ipynb',root/'README.md',root/'nbs'/'_static'/'readme'
site  = f'https://{user.lower()}.github.io/{lib}'
blob  = f'https://github.com/{user}/{lib}/blob/{branch}'
raw   = f'https://raw.githubusercontent.com/{user}/{lib}/{branch}'
colab = f'https://colab.research.google.com/github/{user}/{lib}/blob/{ref}'
badge = 'https://colab.research.google.com/assets/colab-badge.svg'

def src(c): return ''.join(c['source'])

# -- the map of the notebooks ----------------------------------------------------------------------------------------

def row(p):
    "A notebook's line in the map: title and subtitle come from its first cell, minutes and exercises from all of them"
    head = src(json.loads(p.read_text(encoding='utf-8'))['cells'][0])
    title,sub,m = re.search(r'^# (.+)$', head, re.M),re.search(r'^> (.+)$', head, re.M),measure(p)
    if not (title and sub): sys.exit(f'{p}: the first cell needs `# Title` and `> subtitle`')
    run = f'[![Open in Colab]({badge})]({colab}/nbs/{p.name})'
    return f'| {name_of(p.stem)} | [{title[1]}]({p.name}) | {sub[1]} | {m["minutes"]} | {m["exercises"] or ""} | {run} |'

def mapped(text):
    "index.ipynb's JSON with the maps brought up to date: one for each part of the house"
    nb = json.loads(text)
    for part,docs in chapters(index.parent):
        cell = next((c for c in nb['cells'] if c['cell_type']=='markdown' and src(c).startswith(f'| | {part} ')), None)
        if cell is None: sys.exit(f'{index}: no Markdown cell begins with `| | {part} `')
        rows = [f'| | {part} | What it does | Minutes | Exercises | |', '|---:|---|---|---:|---:|---|', *[row(index.parent/f'{d}.ipynb') for d in docs]]
        cell['source'] = '\n'.join(rows).splitlines(True)
    return nb

def dumps(nb): return json.dumps(nb, indent=1, ensure_ascii=False, sort_keys=True) + '\n'

# -- README.md -------------------------------------------------------------------------------------------------------

def shown(nb):
    "Copy of the notebook with what a reader of the README should see, and `(alt, caption)` of each picture"
    import nbformat
    nb,cells,alts = nbformat.reads(json.dumps(nb), as_version=4),[],[]
    nb.metadata.language_info = dict(name='python')
    for c in nb.cells:
        d,s = directives(src(c)) if c.cell_type=='code' else ({}, src(c))
        if 'hide' in d or 'default_exp' in d or not s: continue
        c.source = s
        if c.cell_type=='code':
            c.metadata['hide_input'] = 'code-fold' in d
            for o in c.outputs:
                if (data := o.get('data')) is None: continue
                if 'image/png' in data: alts.append([text(d.get(k, '')) for k in ('fig-alt', 'fig-cap')])
                for k in set(data) - {'image/png', 'text/markdown'}:    # GitHub and PyPI strip styles from HTML
                    if k!='text/plain' or 'image/png' in data or 'text/markdown' in data: del data[k]
        cells.append(c)
    nb.cells = cells
    return nb,alts

def absolute(md):
    "Links that hold on GitHub and on PyPI"
    md = re.sub(r'\]\((\d\d[a-z]?_\w+|index|questions)\.(?:ipynb|md)(#[^)]*)?\)', lambda m: f']({site}/{m[1]}.html{m[2] or ""})', md)
    return re.sub(r'\]\((?!https?://|#|mailto:)(?:\.\./)?([^)]+)\)', lambda m: f']({blob}/{m[1]})', md)

def export(nb):
    "README's text, and its pictures as `{name: bytes}`"
    from nbconvert import MarkdownExporter
    from traitlets.config import Config
    nb,alts = shown(nb)
    conf = Config()
    conf.TemplateExporter.exclude_input_prompt = conf.TemplateExporter.exclude_output_prompt = True
    for c in nb.cells:
        if c.metadata.get('hide_input'): c.metadata['tags'] = ['readme-output']
    conf.TagRemovePreprocessor.remove_input_tags = ('readme-output',)
    conf.TagRemovePreprocessor.enabled = True
    body,res = MarkdownExporter(config=conf).from_notebook_node(nb)
    pics = {}
    for (name,data),(alt,cap) in zip(res['outputs'].items(), alts, strict=True):
        if not alt: sys.exit(f'{index}: a picture has no `#| fig-alt`')
        new = f'index-{len(pics)}.png'
        pics[new] = data
        pic = f'![{alt}]({raw}/nbs/_static/readme/{new})' + (f'\n\n*{cap}*' if cap else '')
        body,n = re.subn(rf'!\[[^\]]*\]\({re.escape(name)}\)', lambda m: pic, body)
        if n!=1: sys.exit(f'{index}: picture {name} stands {n} times in what nbconvert wrote')
    lines = [l.rstrip() for l in absolute(body).splitlines()]
    body = re.sub(r'\n{3,}', '\n\n', '\n'.join(lines)).strip()
    return f'<!-- Made from nbs/index.ipynb by .ci/readme.py: edit that one. -->\n\n{body}\n',pics

def main(check):
    old = index.read_text(encoding='utf-8')
    nb = mapped(old)
    text,pics = export(nb)
    have = {p.name: p.read_bytes() for p in images.glob('*')} if images.exists() else {}
    stale = []
    if nb!=json.loads(old): stale.append('the map in nbs/index.ipynb')
    if not readme.exists() or readme.read_text(encoding='utf-8')!=text: stale.append('README.md')
    if have!=pics: stale.append('nbs/_static/readme/')
    if not stale: return
    if check: sys.exit(f'stale: {", ".join(stale)}. Run: python .ci/readme.py')
    if nb!=json.loads(old): index.write_text(dumps(nb), encoding="utf-8", newline="\n")
    readme.write_text(text, encoding='utf-8', newline='\n')
    images.mkdir(parents=True, exist_ok=True)
    for n in set(have)-set(pics): (images/n).unlink()
    for n,b in pics.items(): (images/n).write_bytes(b)
    print(f'written: {", ".join(stale)}')

if __name__=='__main__': main('--check' in sys.argv[1:])
