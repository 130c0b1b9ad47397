#!/usr/bin/env python3
"""The site's extension on a package of four names and two notebooks, built in a temporary folder.

    python .ci/test_site.py            exits with 1 if a page is not as it should be
    python .ci/test_site.py --broken   plants mistakes in copies of the extension, one at a time: each must be found
"""
import base64, io, json, os, re, shutil, struct, subprocess, sys, tempfile, zlib
from pathlib import Path

root = Path(__file__).resolve().parent.parent
ext = Path(os.environ.get('NBSITE', root/'nbs'/'_ext'))     # `--broken` tests copies

PACKAGE = '''"A package of four names"
__all__ = ['LIMIT', 'double', 'Cell', 'lonely']
LIMIT = 3  # How often one may double
def double(x:float, # A number
    n:int=1, # How often
    )->float: # Doubled
    "Twice `x`, which is $2x$ and 2*x"
    return x*2**n
class Cell:
    "Holds a number"
    def read(self): "The number"; return 1
def lonely(): "Nobody calls this"
'''
CONF = '''
import sys
sys.path[:0] = [{ext!r}, {tmp!r}]
project = 'tiny'
extensions = ['myst_nb', 'sphinx.ext.autodoc', 'nbsite']
html_theme,templates_path,root_doc,exclude_patterns = 'furo',[{templates!r}],'index',['_*']
nb_execution_mode,nb_ipywidgets_js,nb_render_markdown_format = 'off',{{}},'myst'
myst_enable_extensions,myst_heading_anchors = ['dollarmath', 'colon_fence'],4
mathjax_path = 'mathjax/tex-chtml.js'
autodoc_typehints,autodoc_preserve_defaults,autodoc_class_signature,add_module_names = 'none',True,'mixed',False
nbsite_src,nbsite_pkg,nbsite_user,nbsite_branch,nbsite_description = {src!r},'tiny','someone','main','Tiny'
'''

def png(w, h, dpi):
    chunk = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind+data))
    head = chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 0, 0, 0, 0)) + chunk(b'pHYs', struct.pack('>IIB', *[round(dpi/.0254)]*2, 1))
    return base64.b64encode(b'\x89PNG\r\n\x1a\n' + head + chunk(b'IDAT', zlib.compress((b'\0'+b'\0'*w)*h)) + chunk(b'IEND', b'')).decode()

def notebook(path, *cells):
    "Cells: Markdown, `(code, output)` with a text or an output's `data`"
    res = []
    for i,c in enumerate(cells):
        cell = dict(cell_type='markdown' if isinstance(c, str) else 'code', id=f'c{i}', metadata={}, source=c if isinstance(c, str) else c[0])
        if not isinstance(c, str):
            data = dict({'text/plain': c[1]} if isinstance(c[1], str) else c[1]) if c[1] else None
            cell |= dict(execution_count=None, outputs=[dict(output_type='execute_result', execution_count=1, metadata={}, data=data)] if data else [])
        res.append(cell)
    path.write_text(json.dumps(dict(cells=res, metadata=dict(kernelspec=dict(name='python3', display_name='Python 3', language='python')), nbformat=4, nbformat_minor=5)), encoding='utf-8')

BADGE = '[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/x)'
OPS = (f'# Doubling\n\n> Twice as much\n\n{BADGE}', ('#| default_exp ops', ''), '## Twice a number\n\n`double` doubles, `sum` does not.',
    ('#| export\ndef double(x, n=1): return x*2**n', ''), ('#| exports\nLIMIT = 3', ''),
    ('#| hide\nsecret = double(0)', ''), ('double(21, n=2)', '84'), ('double(21)', '42'), ('double(1); object()', '<object at 0x7f>'),
    '## What is seen\n\n<details><summary>A hint with `code`</summary>\nLook twice.\n\n</details>\n\n$a_b$',
    ('#| code-fold: true\n#| code-summary: "Long `code`"\nfolded = double(3)', '6'),
    ('#| fig-cap: "It *rises*"\n#| fig-alt: "A line that rises"\ndraw()', {'image/png': png(40, 20, 200), 'text/plain': '<Figure>'}))
USE = (f'# In use\n\n> Elsewhere\n\n{BADGE}', ('#| hide\nfrom tiny.ops import Cell, double as twice', ''), '## Calls & more',
    ('def f(twice): return twice(1)   # its own\ndef g():\n    def twice(x): return x\n    return twice(1)\nx = twice("ä", twice(2)) + max(1, 2)\nx', '8'),
    '## A second one', ('c = Cell()\nc.read()', {'text/markdown': '| a | b |\n|---|---|\n| `1` | 2 |', 'text/plain': '| a |'}), '## A third', ('for twice in range(6): pass\ntwice', '5'))

def write(tmp):
    src = tmp/'nbs'
    for d in (src, tmp/'tiny'): d.mkdir()
    (tmp/'tiny'/'__init__.py').write_text(''); (tmp/'tiny'/'ops.py').write_text(PACKAGE)
    (src/'conf.py').write_text(CONF.format(ext=str(ext), tmp=str(tmp), templates=str(root/'nbs'/'_templates'), src=str(src)))
    (src/'api.md').write_text('# API reference\n\n```{nb-modules}\n```\n')
    (src/'questions.md').write_text('# Questions\n\n| Asked | Answer |\n|---|---|\n| Why two of them? | [here](00_ops.ipynb#twice-a-number) |\n')
    notebook(src/'index.ipynb', '# Tiny\n\n> A front page')
    notebook(src/'00_ops.ipynb', *OPS); notebook(src/'01_use.ipynb', *USE)

def build(tmp):
    "The site, what the build warns of, and what it says"
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils
    warned,said = io.StringIO(),io.StringIO()
    with patch_docutils(str(tmp/'nbs')), docutils_namespace():
        app = Sphinx(tmp/'nbs', tmp/'nbs', tmp/'site', tmp/'trees', 'html', status=said, warning=warned)
        app.build()
    return app, warned.getvalue(), said.getvalue()

class Page:
    def __init__(self, path):
        from bs4 import BeautifulSoup
        self.dom = BeautifulSoup(path.read_text(encoding='utf-8'), 'html.parser')
    def text(self, css): return [re.sub(r'\s+', ' ', o.get_text()).strip() for o in self.dom.select(css)]
    def links(self, css): return [(o.get_text(), o['href']) for o in self.dom.select(css)]

def lost(site):
    "Links inside the site that lead nowhere"
    pages = {p: Page(p) for p in [*site.glob('*.html'), *site.glob('api/*.html')]}
    for p,page in pages.items():
        for a in page.dom.select('article a[href]'):
            to,_,anchor = a['href'].partition('#')
            if '://' in to or '_sources' in to: continue
            at = (p.parent/to).resolve() if to else p
            if not at.exists() or anchor and at in pages and not pages[at].dom.find(id=anchor): yield f"{p.name}: {a['href']}"

def look(tmp):
    "`(what, got, wanted)` of everything that the pages should show"
    app,warned,said = build(tmp)
    site = tmp/'site'
    ops,use,api,index = (Page(site/f'{n}.html') for n in ('00_ops', '01_use', 'api/ops', 'api'))
    yield 'warnings', warned, ''
    yield 'lost links', [*lost(site)], []
    yield 'subtitle', ops.text('.nb-lead p'), ['Twice as much']
    yield 'buttons', ops.links('.nb-buttons a')[0], ('Open in Colab', 'https://colab.research.google.com/github/someone/tiny/blob/main/nbs/00_ops.ipynb')
    yield 'eyebrow', ops.text('.nb-eyebrow'), ['Chapter 0']
    yield 'folds', ops.text('summary')[-3:], ['tiny/ops.py double', 'A hint with code', 'Long code']
    yield 'file label', ops.text('.nb-file'), ['tiny/ops.py']
    yield 'code shown', ops.text('.cell_input .highlight'), ['def double(x, n=1): return x*2**n', 'LIMIT = 3', 'double(21, n=2)',
        'double(21)', 'double(1); object()', 'folded = double(3)', 'draw()']
    fig = ops.dom.select_one('figure.nb-figure')
    yield 'figure', fig and (fig.figcaption.select_one('.caption-text').decode_contents(), fig.img['alt'], fig.img['width'], fig.img['height']), \
        ('It <em>rises</em>', 'A line that rises', '20', '10')
    yield 'links in prose', [(t, h) for t,h in ops.links('article p a') if t in ('double', 'sum')], [('double', 'api/ops.html#tiny.ops.double')]
    # code
    to = 'api/ops.html#tiny.ops.'
    yield 'links in code', ops.links('a.nb-api'), [('double', to+'double')]*4
    yield 'links in code: aliases, what is bound inside, what is bound later', use.links('a.nb-api'), [('twice', to+'double')]*2+[('Cell', to+'Cell')]
    yield 'links in code: Tab stops', [a.get('tabindex') for a in use.dom.select('a.nb-api')], [None, '-1', None]
    yield 'code with links keeps its text', use.dom.select_one('.cell_input pre').get_text().rstrip(), USE[3][0]
    # reference
    yield 'reference: signatures', [t.split('(')[0].split(' ')[-1].strip('¶') for t in api.text('article > section > dl.py > dt')][1:3], ['double', 'Cell']
    yield 'reference: docments', api.text('table.nb-params tr'), ['Name Type Meaning', 'x float A number', 'n int = 1 How often', 'returns float Doubled']
    yield 'reference: built in', [h for t,h in api.links('a') if t=='[notebook]'], ['../00_ops.html#LIMIT', '../00_ops.html#double']
    entry = {d.dt['id'].removeprefix('tiny.ops.'): d.dd for d in api.dom.select('dl.py') if d.dt.get('id')}
    yield 'reference: docstring', entry['double'].p.get_text(), 'Twice x, which is \\(2x\\) and 2*x'
    yield 'reference: constant', entry['LIMIT'].get_text().strip(), 'How often one may double'
    yield 'reference: index', [t for t in index.text('.nb-index tbody tr')], ['LIMIT How often one may double', 'double Twice x, which is \\(2x\\) and 2*x',
        'Cell Holds a number', 'lonely Nobody calls this']
    used = lambda n: [(a.get_text(), a['href']) for p in entry[n].find_all('p', class_='nb-used', recursive=False) for a in p.find_all('a')]
    yield 'used in: the page that defines it first', used('double'), [('Doubling: Twice a number', '../00_ops.html#twice-a-number'),
        ('Doubling: What is seen', '../00_ops.html#what-is-seen'), ('In use: Calls & more', '../01_use.html#calls-more')]
    yield 'used in: a class', used('Cell'), [('In use: A second one', '../01_use.html#a-second-one')]
    yield 'used in: nowhere', used('lonely'), []
    eg = lambda n: [t.get_text().strip() for t in entry[n].select('details.nb-fold pre')]
    yield 'example: the shortest that prints', eg('double'), ['double(21)', '42']
    yield 'example: a table', (eg('Cell'), [t.get_text() for t in entry['Cell'].select('details.nb-fold td')]), (['c = Cell()\nc.read()'], ['1', '2'])
    yield 'example: none', eg('lonely'), []
    yield 'example: its cell', [a['href'] for a in entry['double'].select('details.nb-fold p a')], ['../00_ops.html#cell-c7']
    yield 'example: who lacks one', re.findall(r'\d of \d public.*', said), ['2 of 3 public functions and classes have an example; without: ops.lonely']
    # search, addresses
    from nbsite import search
    found = [*search.entries(app.env, '00_ops', search.questions(app.env))]
    yield 'search: sections', [re.search(r'url">(.*?)<', h)[1] for h in found], ['00_ops.html#doubling', '00_ops.html#twice-a-number', '00_ops.html#what-is-seen']
    yield 'search: anchors', [bool(ops.dom.find(id=re.search(r'#(.*?)<', h)[1])) for h in found], [True]*3
    yield 'search: asked', ['Why two of them?' in h for h in found], [False, True, False]
    yield 'search: folds left out', ['folded' in h or 'x*2**n' in h for h in found], [False]*3
    yield 'search: index', (site/'pagefind'/'pagefind.js').exists(), True
    yield 'address by module', 'url=00_ops.html' in (site/'ops.html').read_text(), True
    plain = (site/'ops.html.md').read_text()
    yield 'page as Markdown', ('double(21)' in plain, 'A line that rises' in plain, 'secret' in plain), (True, True, False)
    yield 'maths from the site', (site/'_static'/'mathjax'/'tex-chtml.js').exists(), True
    # again
    time = lambda: {p.name: p.stat().st_mtime_ns for p in site.glob('**/*.html') if p.stem in ('00_ops', '01_use', 'index') or p.parent.name=='api'}
    before = time()
    build(tmp)
    yield 'a second build writes nothing', [n for n,t in time().items() if before[n]!=t], []
    notebook(tmp/'nbs'/'01_use.ipynb', *USE[:2], '## Renamed', ('twice(3)', '12'), *USE[4:], ('draw()', {'image/png': png(4, 4, 100)}))
    _,warned,_ = build(tmp)
    page = Page(site/'api'/'ops.html')
    yield 'a changed page changes the entry', ([t for t,_ in page.links('p.nb-used a') if 'Renamed' in t], [t for t,_ in page.links('a') if 'Calls' in t]), (['In use: Renamed'], [])
    yield 'a picture without words is warned of', re.findall(r'cell \d+ \(`(.*)`\) draws a picture', warned), ['draw()']

BROKEN = [   # file, what is there, what a slip would make of it, the check that must find it
    ('cells', "if 'hide' in d or", 'if', 'code shown'), ('cells', "meta['label'] = file", 'pass', 'file label'),
    ('cells', "if d.get('code-fold')=='true'", "if d.get('code-fold')=='yes'", 'folds'), ('cells', "im['alt'] = alt", 'pass', 'figure'),
    ('cells', "*100/dpi", '', 'figure'), ('cells', "cell['ids'].append(n)", 'pass', 'lost links'),
    ('cells', "code = lambda t: re.sub(r'`([^`]+)`', r'<code>\\1</code>', t.strip())", 'code = lambda t: t.strip()', 'folds'),
    ('cells', "if not alt: _no_alt(where, cell)", 'pass', 'a picture without words is warned of'),
    ('links', "n not in foreign()", 'True', 'nothing'), ('links', "lit.replace_self(ref)", 'pass', 'links in prose'),
    ('api', "sig += ref", 'pass', 'reference: built in'), ('api', "p['docment'] or ''", "''", 'reference: docments'),
    ('api', "esc = lambda t: re.sub(r'([*_|\\\\`])', r'\\\\\\1', t)", 'esc = lambda t: t', 'nothing'), ('api', "[rst(constant(name))]", "['']", 'reference: constant'),
    ('uses', "k not in bound(o)", 'True', 'links in code: aliases, what is bound inside, what is bound later'),
    ('uses', "self.known |= {n: f'{mod}.{n}' if n in public else None for n in own}", 'pass', 'links in code'),
    ('uses', ".encode()) + (0", ') + (0', 'links in code: aliases, what is bound inside, what is bound later'),
    ('uses', """ tabindex="-1\"""", '', 'links in code: Tab stops'), ('uses', "'ids' in meta or", '', 'nothing'),
    ('uses', "' at 0x' not in res", 'True', 'nothing'), ('uses', "min(found)", 'max(found)', 'example: the shortest that prints'),
    ('uses', "(doc!=first, doc)", 'doc', 'nothing'), ('uses', "cell['ids'].append(eg['id'])", 'pass', 'lost links'),
    ('uses', "if old.get(k)!=new.get(k)", 'if False', 'a changed page changes the entry'),
    ('search', "_inside(t, o, fold) or isinstance(o, fold)", 'False', 'search: folds left out'), ('search', "own = [q for", "own = [] and [q for", 'search: asked'),
    ('pages', "'hide' not in d and", '', 'page as Markdown'), ('pages', "    mathjax(app)\n", '', 'maths from the site'),
    ('pages', "    addresses(app)\n", '', 'crash')]

def run():
    "Faults, one a line"
    with tempfile.TemporaryDirectory() as t:
        tmp = Path(t)
        write(tmp)
        n,bad = 0,[]
        for what,got,want in look(tmp):
            n += 1
            if got!=want: bad.append(f'{what}: {got!r}, wanted {want!r}')
    print('\n'.join([*bad, f'the extension on a tiny project: {n} checks, {len(bad)} faults']))
    return bool(bad)

def broken():
    missed = []
    for file,is_,becomes,finds in BROKEN:
        with tempfile.TemporaryDirectory() as t:
            shutil.copytree(root/'nbs'/'_ext'/'nbsite', Path(t)/'nbsite', ignore=shutil.ignore_patterns('__pycache__'))
            p = Path(t)/'nbsite'/f'{file}.py'
            s = p.read_text(encoding='utf-8')
            if is_ not in s: missed.append(f'{file}.py has no {is_!r} to break'); continue
            p.write_text(s.replace(is_, becomes, 1), encoding='utf-8')
            r = subprocess.run([sys.executable, __file__], env={**os.environ, 'NBSITE': t, 'PYTHONDONTWRITEBYTECODE': '1'}, capture_output=True, text=True)
            print(f'{file}: {is_} -> {becomes}:', ' | '.join(l[:110] for l in (r.stdout or r.stderr[-300:]).strip().split('\n')[:3]), flush=True)
            if not r.returncode or finds!='crash' and not any(l.startswith(f'{finds}: ') for l in r.stdout.split('\n')): missed.append(f'{file}.py: {becomes!r} for {is_!r} was not found by {finds!r}')
    print('\n'.join([*missed, f'{len(BROKEN)-len(missed)} of {len(BROKEN)} planted mistakes found']))
    return bool(missed)

if __name__=='__main__':
    sys.path.insert(0, str(ext))
    sys.exit(broken() if '--broken' in sys.argv[1:] else run())
