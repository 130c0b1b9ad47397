#!/usr/bin/env python3
"""The site's extension on a package of five names and two notebooks, built in a temporary folder.

    python .ci/test_site.py            exits with 1 if a page is not as it should be
    python .ci/test_site.py --broken   plants mistakes in copies of the extension, one at a time: each must be found;
                                       a word after it, such as uses, takes those of one file
"""
import base64, io, json, os, re, shutil, struct, subprocess, sys, tempfile, zlib
from pathlib import Path

root = Path(__file__).resolve().parent.parent
ext = Path(os.environ.get('NBSITE', root/'nbs'/'_ext'))     # `--broken` tests copies

PACKAGE = '''"A package of five names"
__all__ = ['LIMIT', 'double', 'Cell', 'lonely', 'draw', 'touch']
LIMIT = 3  # How often one may double
def double(x:float, # A number
    n:int=1, # How often
    )->float: # Doubled
    "Twice `x`: $2x$, *not* a power"
    return x*2**n
class Cell:
    "Holds a number"
    def read(self): "The number"; return 1
def lonely(
    a, b=2, # Two of a kind
    **kw,   # The rest
): "Nobody calls this"
def draw(dpi=9, size=3): # A figure
    "A picture"
def touch(): "A widget"
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

# -- a project ----------------------------------------------------------------------------------------------------

def png(w, h, dpi):
    "A black picture, base64"
    chunk = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind+data))
    head = chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 0, 0, 0, 0)) + chunk(b'pHYs', struct.pack('>IIB', *[round(dpi/.0254)]*2, 1))
    body = chunk(b'IDAT', zlib.compress((b'\0'+b'\0'*w)*h)) + chunk(b'IEND', b'')
    return base64.b64encode(b'\x89PNG\r\n\x1a\n' + head + body).decode()

def notebook(path, *cells):
    "Write a notebook of Markdown and `(code, output)`; an output is a text, a dict by kind, or empty"
    def cell(i, c):
        if isinstance(c, str): return dict(cell_type='markdown', id=f'c{i}', metadata={}, source=c)
        data = {'text/plain': c[1]} if isinstance(c[1], str) else c[1]
        outputs = [dict(output_type='execute_result', execution_count=1, metadata={}, data=data)] if c[1] else []
        return dict(cell_type='code', id=f'c{i}', metadata={}, source=c[0], execution_count=None, outputs=outputs)
    meta = dict(kernelspec=dict(name='python3', display_name='Python 3', language='python'))
    nb = dict(cells=[cell(i, c) for i,c in enumerate(cells)], metadata=meta, nbformat=4, nbformat_minor=5)
    path.write_text(json.dumps(nb), encoding='utf-8')

BADGE = '[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/x)'
OPS = (f'# Doubling\n\n> Twice as much\n\n{BADGE}', ('#| default_exp ops', ''),
    '## Twice a number\n\n`double` doubles, `sum` does not.',
    ('#| export\ndef double(x, n=1): return x*2**n', ''), ('#| exports\nLIMIT = 3', ''), ('#| hide\nfrom tiny.ops import draw, touch\nsecret = double(0)', ''),
    ('double(21, n=2)', '84'), ('double(21)', '42'), ('double(0)', '<object at 0x7f>'),
    '## What is seen\n\n<details><summary>A hint with `code`</summary>\nLook twice.\n\n</details>\n\n$a_b$',
    ('#| code-fold: true\n#| code-summary: "Long `code`"\nfolded = double(3)', '6'),
    ('#| fig-cap: "It *rises*"\n#| fig-alt: "A line that rises"\ndraw()', {'image/png': png(40, 20, 200), 'text/plain': '<Figure>'}),
    ('touch()', {'text/html': '<p>1</p><script></script>', 'text/plain': 'A widget, in words'}))
OWN = '''def f(twice): return twice(1)
def g():
    def twice(x): return x
    return twice(1)
x = twice("ä", twice(2)) + max(1, 2)
x'''
USE = (f'# In use\n\n> Elsewhere\n\n{BADGE}', ('#| hide\nfrom tiny.ops import Cell, double as twice', ''),
    '## Calls & more', (OWN, '8'), '## A second one',
    ('c = Cell()\nc.read()', {'text/markdown': '| a | b |\n|---|---|\n| `1` | 2 |', 'text/plain': '| a |'}), ('twice(2)', '4'),
    '## A third', ('twice(1)', '2'), '## A fourth', ('for twice in range(6): pass\ntwice', '5'))

def write(tmp):
    "The project, in an empty folder: the page that defines the names is not the first"
    src = tmp/'nbs'
    for d in (src, tmp/'tiny'): d.mkdir()
    (tmp/'tiny'/'__init__.py').write_text('')
    (tmp/'tiny'/'ops.py').write_text(PACKAGE)
    (src/'conf.py').write_text(CONF.format(ext=str(ext), tmp=str(tmp), templates=str(root/'nbs'/'_templates'), src=str(src)))
    (src/'api.md').write_text('# API reference\n\n```{nb-modules}\n```\n')
    (src/'questions.md').write_text('# Questions\n\n| Asked | Answer |\n|---|---|\n| Why two of them? | [here](01a_ops.ipynb#twice-a-number) |\n')
    for name,cells in dict(index=['# Tiny\n\n> A front page'], ops=OPS, use=USE).items():
        notebook(src/f"{dict(ops='01a_', use='00_').get(name, '')}{name}.ipynb", *cells)

def build(tmp):
    "The site, what the build warns of, and what it says"
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace, patch_docutils
    warned,said = io.StringIO(),io.StringIO()
    with patch_docutils(str(tmp/'nbs')), docutils_namespace():
        app = Sphinx(tmp/'nbs', tmp/'nbs', tmp/'site', tmp/'trees', 'html', status=said, warning=warned)
        app.build()
    return app, warned.getvalue(), said.getvalue()

# -- what its pages should show -----------------------------------------------------------------------------------

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

def chapters(ops, use):
    "`(what, got, wanted)` on the pages of the notebooks"
    yield 'subtitle', ops.text('.nb-lead p'), ['Twice as much']
    colab = 'https://colab.research.google.com/github/someone/tiny/blob/main/nbs/01a_ops.ipynb'
    yield 'buttons', ops.links('.nb-buttons a')[0], ('Open in Colab', colab)
    yield 'eyebrow', ops.text('.nb-eyebrow'), ['Chapter 1a']
    yield 'folds', ops.text('summary')[-3:], ['tiny/ops.py double', 'A hint with code', 'Long code']
    yield 'file label', ops.text('.nb-file'), ['tiny/ops.py']
    yield 'code shown', ops.text('.cell_input .highlight'), ['def double(x, n=1): return x*2**n', 'LIMIT = 3', 'double(21, n=2)',
        'double(21)', 'double(0)', 'folded = double(3)', 'draw()', 'touch()']
    fig = ops.dom.select_one('figure.nb-figure')
    yield 'figure', fig and (fig.select_one('.caption-text').decode_contents(), fig.img['alt'], fig.img['width'], fig.img['height']), \
        ('It <em>rises</em>', 'A line that rises', '20', '10')
    to = 'api/ops.html#tiny.ops.'
    yield 'links in prose', [(t, h) for t,h in ops.links('article p a') if t in ('double', 'sum')], [('double', to+'double')]
    yield 'links in code', ops.links('a.nb-api'), [('double', to+'double')]*4 + [('draw', to+'draw'), ('touch', to+'touch')]
    twice = ('twice', to+'double')
    yield 'links in code that binds names of its own', use.links('a.nb-api'), [twice, twice, ('Cell', to+'Cell'), twice, twice]
    yield 'Tab stops', [a.get('tabindex') for a in use.dom.select('a.nb-api')], [None, '-1', None, None, None]
    yield 'code with links keeps its text', use.dom.select_one('.cell_input pre').get_text().rstrip(), OWN

def reference(api, index, said):
    "`(what, got, wanted)` on the page of the module, and of all modules"
    yield 'signatures', [t.split('(')[0].split(' ')[-1].strip('¶') for t in api.text('section > dl.py > dt')][1:3], ['double', 'Cell']
    yield 'docments', api.text('table.nb-params tr'), ['Name Type Meaning', 'x float A number', 'n int = 1 How often', 'returns float Doubled',
        'Name Type Meaning', 'a Two of a kind', 'b int = 2 Two of a kind', '**kw The rest', 'Name Type Meaning', 'dpi int = 9', 'size int = 3 A figure']
    yield 'built in', [h for t,h in api.links('a') if t=='[notebook]'], ['../01a_ops.html#LIMIT', '../01a_ops.html#double']
    entry = {d.dt['id'].removeprefix('tiny.ops.'): d.dd for d in api.dom.select('dl.py') if d.dt.get('id')}
    yield 'docstring', entry['double'].p.get_text(), 'Twice x: \\(2x\\), *not* a power'
    yield 'constant', entry['LIMIT'].get_text().strip(), 'How often one may double'
    yield 'index', index.text('.nb-index tbody tr'), ['LIMIT How often one may double', 'double Twice x: \\(2x\\), not a power',
        'Cell Holds a number', 'lonely Nobody calls this', 'draw A picture', 'touch A widget']
    used = lambda n: [(a.get_text(), a['href']) for p in entry[n].find_all('p', class_='nb-used', recursive=False) for a in p.find_all('a')]
    yield 'used in: four, the page that defines it first', used('double'), [('Doubling: Twice a number', '../01a_ops.html#twice-a-number'),
        ('Doubling: What is seen', '../01a_ops.html#what-is-seen'), ('In use: Calls & more', '../00_use.html#calls-more'),
        ('In use: A second one', '../00_use.html#a-second-one')]
    yield 'used in: a class', used('Cell'), [('In use: A second one', '../00_use.html#a-second-one')]
    yield 'used in: nowhere', used('lonely'), []
    eg = lambda n, css='pre': [t.get_text().strip() for t in entry[n].select(f'details.nb-fold {css}')]
    yield 'example: the shortest that prints, where it is defined', eg('double'), ['double(21)', '42']
    yield 'example: a table', (eg('Cell'), eg('Cell', 'td')), (['c = Cell()\nc.read()'], ['1', '2'])
    yield 'example: none', eg('lonely'), []
    yield 'example: what can be touched', (eg('touch'), eg('touch', 'p'))[1], ['What it shows stands in Doubling.']
    yield 'example: a picture', (eg('draw'), eg('draw', 'p')), (['draw()'], ['What it shows stands in Doubling.'])
    yield 'example: its cell', [a['href'] for a in entry['double'].select('details.nb-fold p a')], ['../01a_ops.html#cell-c7']
    yield 'example: who lacks one', re.findall(r'\d of \d public.*', said), ['4 of 5 public functions and classes have an example; without: ops.lonely']

def found(env, site, ops):
    "`(what, got, wanted)` of the search, and of other ways to a page"
    from nbsite import search
    got = [*search.entries(env, '01a_ops', search.questions(env))]
    address = lambda h: re.search(r'url">(.*?)<', h)[1]
    yield 'search: sections', [address(h) for h in got], [f'01a_ops.html#{i}' for i in ('doubling', 'twice-a-number', 'what-is-seen')]
    yield 'search: anchors', [bool(ops.dom.find(id=address(h).partition('#')[2])) for h in got], [True]*3
    yield 'search: asked', ['Why two of them?' in h for h in got], [False, True, False]
    yield 'search: folds left out', ['folded' in h or 'x*2**n' in h for h in got], [False]*3
    yield 'search: index', (site/'pagefind'/'pagefind.js').exists(), True
    short,plain = site/'ops.html',site/'ops.html.md'
    yield 'address by module', short.exists() and 'url=01a_ops.html' in short.read_text(), True
    plain = plain.read_text() if plain.exists() else ''
    yield 'page as Markdown', ('double(21)' in plain, 'A line that rises' in plain, 'secret' in plain), (True, True, False)
    yield 'maths from the site', (site/'_static'/'mathjax'/'tex-chtml.js').exists(), True

def look(tmp):
    "`(what, got, wanted)` after one build, a second, and a third of a changed page"
    app,warned,said = build(tmp)
    site = tmp/'site'
    ops,use,api,index = (Page(site/f'{n}.html') for n in ('01a_ops', '00_use', 'api/ops', 'api'))
    yield 'warnings', warned, ''
    yield 'lost links', [*lost(site)], []
    yield from chapters(ops, use)
    yield from reference(api, index, said)
    yield from found(app.env, site, ops)
    names = [p for n in ('01a_ops', '00_use', 'index', 'api/ops') if (p := site/f'{n}.html').exists()]
    before = [p.stat().st_mtime_ns for p in names]
    build(tmp)
    yield 'a second build writes nothing', [p.name for p,t in zip(names, before) if p.stat().st_mtime_ns!=t], []
    notebook(tmp/'nbs'/'00_use.ipynb', *USE[:2], '## Renamed', ('twice(3)', '12'), ('draw()', {'image/png': png(4, 4, 100)}))
    _,warned,_ = build(tmp)
    yield 'a changed page changes the entry', [t for t,_ in Page(site/'api'/'ops.html').links('p.nb-used a') if 'use' in t], ['In use: Renamed']
    yield 'a picture without words is warned of', re.findall(r'cell \d+ \(`(.*)`\) draws a picture', warned), ['draw()']

# -- mistakes that the checks must find ---------------------------------------------------------------------------

BROKEN = [   # file, what is there, what a slip would make of it, the check that finds it
    ('cells', "if 'hide' in d or", 'if', 'code shown'),
    ('cells', "meta['label'] = file", 'pass', 'file label'),
    ('cells', "if d.get('code-fold')=='true'", "if d.get('code-fold')=='yes'", 'folds'),
    ('cells', "r'<code>\\1</code>', t.strip())", "r'`\\1`', t.strip())", 'folds'),
    ('cells', "im['alt'] = alt", 'pass', 'figure'),
    ('cells', '*100/dpi', '', 'figure'),
    ('cells', "cell['ids'].append(n)", 'pass', 'lost links'),
    ('cells', "            if not alt: _no_alt(where, cell)\n", '', 'a picture without words is warned of'),
    ('cells', "lead = f'", "lead = '' and f'", 'subtitle'),
    ('cells', "links = [('colab', colab,", "links = [('colab', github,", 'buttons'),
    ('links', 'lit.replace_self(ref)', 'pass', 'links in prose'),
    ('api', 'sig += ref', 'pass', 'built in'),
    ('api', "rst(p['docment'] or beside.get(n, ''))", "''", 'docments'),
    ('api', "beside.get(n, '')", "''", 'docments'),
    ('api', "and not re.search(r':\\s*#', t.line)", '', 'docments'),
    ('api', "return ''.join([*res, esc(s[i:])])", "return ''.join([*res, s[i:]])", 'docstring'),
    ('api', '[rst(constant(name))]', "['']", 'constant'),
    ('api', "if first: text.append", "if n[0]>'a': text.append", 'index'),
    ('uses', 'known = {k: v for k,v in known.items() if k not in own}', 'pass', 'links in code that binds names of its own'),
    ('uses', 'elif isinstance(o, _def): res.add(o.name)', 'elif False: pass', 'links in code that binds names of its own'),
    ('uses', "f'{mod}.{n}' if n in public else None", 'None', 'links in code'),
    ('uses', '[2].encode()) + (0', '[2]) + (0', 'links in code that binds names of its own'),
    ('uses', ''' tabindex="-1"''', '', 'Tab stops'),
    ('uses', r"r'^<|\bat 0x'", "'never'", 'example: the shortest that prints, where it is defined'),
    ('uses', 'min(found)', 'max(found)', 'example: the shortest that prints, where it is defined'),
    ('uses', ' not mine, len(', ' False, len(', 'example: the shortest that prints, where it is defined'),
    ('uses', "('text/html', ''))): return []", "('text/html', ''))): return", 'example: a picture'),
    ('uses', "or re.search('<(script|svg)',", "or re.search('<never',", 'example: what can be touched'),
    ('uses', 'marked.pop(0) if', 's if', 'example: a table'),
    ('uses', '(doc!=first, doc)', 'doc', 'used in: four, the page that defines it first'),
    ('uses', 'most=4', 'most=5', 'used in: four, the page that defines it first'),
    ('uses', "cell['ids'].append(eg['id'])", 'pass', 'lost links'),
    ('uses', 'if old.get(k)!=new.get(k)', 'if False', 'a changed page changes the entry'),
    ('uses', 'if old.get(k)!=new.get(k)', 'if True', 'a second build writes nothing'),
    ('search', '_inside(t, o, fold) or isinstance(o, fold)', 'False', 'search: folds left out'),
    ('search', 'own = [q for', 'own = [] and [q for', 'search: asked'),
    ('search', "{docname}.html#{ids[0]}", "{docname}.html#{ids[0]}-1", 'search: anchors'),
    ('pages', "'hide' not in d and", '', 'page as Markdown'),
    ('pages', '    mathjax(app)\n', '', 'maths from the site'),
    ('pages', '    addresses(app)\n', '', 'address by module'),
    ('pages', r"r'^\d+[a-z0-9]*_'", r"r'^\d+_'", 'address by module'),
    ('pages', "context['nb_eyebrow'] =", '_ =', 'eyebrow')]

def run():
    with tempfile.TemporaryDirectory() as t:
        tmp = Path(t).resolve()
        write(tmp)
        n,faults = 0,[]
        for what,got,want in look(tmp):
            n += 1
            if got!=want: faults.append(f'{what}: {got!r}, wanted {want!r}')
    print('\n'.join([*faults, f'the extension on a tiny project: {n} checks, {len(faults)} faults']))
    return bool(faults)

def broken(only=''):
    missed = []
    for file,is_,becomes,finds in BROKEN:
        if only not in file: continue
        with tempfile.TemporaryDirectory() as t:
            shutil.copytree(root/'nbs'/'_ext'/'nbsite', Path(t)/'nbsite', ignore=shutil.ignore_patterns('__pycache__'))
            path = Path(t)/'nbsite'/f'{file}.py'
            s = path.read_text(encoding='utf-8')
            if is_ not in s: missed.append(is_); print(f'{file}.py: there is no {is_!r} to break', flush=True); continue
            path.write_text(s.replace(is_, becomes, 1), encoding='utf-8')
            env = {**os.environ, 'NBSITE': t, 'PYTHONDONTWRITEBYTECODE': '1'}
            r = subprocess.run([sys.executable, __file__], env=env, capture_output=True, text=True)
            if not any(l.startswith(f'{finds}: ') for l in r.stdout.split('\n')):
                missed.append(is_)
                print(f'{file}.py: {becomes!r} for {is_!r} was not found by {finds!r}: {(r.stdout or r.stderr)[-300:]}', flush=True)
    print(f'{len(missed)} planted mistakes were not found')
    return bool(missed)

if __name__=='__main__':
    sys.path.insert(0, str(ext))
    sys.exit(broken(*sys.argv[2:]) if '--broken' in sys.argv[1:] else run())
