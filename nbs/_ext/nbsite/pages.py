"What every page carries: its place in the course, maths that needs no network, addresses that nbdev knows"
import importlib.util, json, re, shutil
from pathlib import Path

from .cells import directives, name_of, text

def eyebrow(docname, pkg):
    "The line above a title"
    if n := name_of(docname): return f"{'Chapter' if docname[0]=='0' else 'Tool' if docname[0]=='1' else 'Further'} {n}"
    return f'Module of {pkg}' if docname.startswith('api/') else 'Reference' if docname=='api' else ''

def numbered(html, docname):
    "Chapter numbers before the titles in the sidebar"
    def num(m):
        doc = docname if m[1]=='#' else Path(m[1]).stem
        return m[0] + (f'<span class="nb-num">{name_of(doc)}</span>' if name_of(doc) else '')
    return re.sub(r'<a class="(?:current )?reference internal" href="([^"]*)">', num, html)

def on_page(app, pagename, templatename, context, doctree):
    context['nb_eyebrow'] = eyebrow(pagename, app.config.nbsite_pkg)
    nav = 'furo_navigation_tree'
    if nav in context: context[nav] = numbered(context[nav], pagename).replace('role="heading"', 'role="heading" aria-level="2"')

def on_inited(app):
    "Keep MyST-NB's working files inside the build folder, not beside it"
    d = Path(app.doctreedir)
    app.env.mystnb_config = app.env.mystnb_config.copy(output_folder=str(d/'outputs'),
        execution_cache_path=str(d/'cache'))

_mathjax = 'tex-chtml.js', 'output/chtml/fonts/woff-v2', 'input/tex/extensions'

def mathjax(app):
    "Copy of MathJax only what pages use: one script, its fonts, and the TeX packages that load on demand"
    src = Path(importlib.util.find_spec('sphinx-mathjax-offline').origin).parent/'static'/'mathjax'
    for name in _mathjax:
        a,b = src/name,Path(app.outdir)/'_static'/'mathjax'/name
        b.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(a, b, dirs_exist_ok=True) if a.is_dir() else shutil.copyfile(a, b)

def as_markdown(path):
    "A notebook as plain Markdown, hidden cells left out"
    res = []
    for c in json.loads(path.read_text(encoding='utf-8'))['cells']:
        d,s = directives(''.join(c['source']))
        if c['cell_type']!='code': res.append(''.join(c['source']))
        elif s and 'hide' not in d and 'default_exp' not in d:
            outs = [''.join(o.get('text') or o.get('data', {}).get('text/plain', '')) for o in c.get('outputs', [])]
            outs = [text(d['fig-alt'])] if 'fig-alt' in d else [f'```\n{o.rstrip()}\n```' for o in outs if o]
            res += [f'```python\n{s}\n```', *outs]
    return '\n\n'.join(res) + '\n'

_moved = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{to}</title>
<link rel="canonical" href="{to}">
<meta http-equiv="refresh" content="0; url={to}"><script>location.replace("{to}"+location.hash)</script></head>
<body><p>Moved to <a href="{to}">{to}</a>.</p></body></html>
"""

def addresses(app):
    "The addresses nbdev writes into the package: `data.html` leads to `00_data.html`, `data.html.md` is its Markdown"
    led = set(app.env.found_docs)
    for doc,info in sorted(app.env.nbsite_docs.items()):
        short = re.sub(r'^\d+[a-z0-9]*_', '', doc)
        if short in led: continue       # a page of that name, or the first of two (`10a_kernels`, `19b_kernels`)
        led.add(short)
        out = Path(app.outdir)/f'{short}.html'
        out.write_text(_moved.format(to=f'{doc}.html'), encoding='utf-8')
        if info['mod']: Path(f'{out}.md').write_text(as_markdown(Path(app.srcdir)/f'{doc}.ipynb'), encoding='utf-8')

def on_finished(app, exc):
    if exc or app.builder.format!='html': return
    mathjax(app)
    addresses(app)

def setup(app):
    app.connect('html-page-context', on_page, priority=900)
    app.connect('builder-inited', on_inited, priority=900)
    app.connect('build-finished', on_finished)
