"Notebooks as they are read: nbdev's `#|` directives become tags, folds, file labels, captions and buttons"
import ast, base64, json, re, struct
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

log = logging.getLogger(__name__)

# -- directives ---------------------------------------------------------------------------------------------------

_directive = re.compile(r'#\|\s*([\w-]+)\s*(?::\s*|\s+|$)(.*)')

def directives(src):
    "Leading `#|` lines of `src` as a dict, and the code below them"
    lines,d = src.split('\n'),{}
    while lines and (m := _directive.match(lines[0])): d[m[1]] = m[2].strip(); lines.pop(0)
    return d, '\n'.join(lines).strip('\n')

def text(s):
    "A directive's value, `a` or `\"a\"`, without its quotes"
    return ast.literal_eval(s) if s[:1] in ('"', "'") else s

def tree(src):
    "`src` parsed, without IPython's magics; None where it is no Python"
    try: return ast.parse(re.sub(r'^[ \t]*[%!].*$', '', src, flags=re.M))
    except SyntaxError: return None

def patched(o):
    "The class that a function decorated by fastcore's `patch` goes to"
    if any('patch' in ast.unparse(d) for d in o.decorator_list) and o.args.args and (a := o.args.args[0].annotation):
        return ast.unparse(a)

def defined(src):
    "Names that an exported cell defines at its top level; a patched method as `Class.method`"
    res = []
    for o in getattr(tree(src), 'body', []):
        if isinstance(o, (ast.FunctionDef, ast.AsyncFunctionDef)):
            cls = patched(o)
            res.append(f'{cls}.{o.name}' if cls else o.name)
        elif isinstance(o, ast.ClassDef): res.append(o.name)
        elif isinstance(o, (ast.Assign, ast.AnnAssign)):
            ts = o.targets if isinstance(o, ast.Assign) else [o.target]
            res += [e.id for t in ts for e in (t.elts if isinstance(t, ast.Tuple) else [t]) if isinstance(e, ast.Name)]
    return res

def imports(src, pkg):
    "Names that a cell imports: `{name: module of pkg, or None for another package}`"
    res = {}
    for o in ast.walk(tree(src) or ast.Module([], [])):
        if isinstance(o, ast.ImportFrom):
            mod = (o.module or '').removeprefix(f'{pkg}.') if (o.module or '').startswith(f'{pkg}.') else None
            res |= {a.asname or a.name: mod for a in o.names} if o.names[0].name!='*' else {f'*{mod}': mod}
        elif isinstance(o, ast.Import): res |= {(a.asname or a.name).split('.')[0]: None for a in o.names}
    return res

# -- Markdown cells -----------------------------------------------------------------------------------------------

_badge   = re.compile(r'\[!\[([^\]]*)\]\(https?://[^)]*\)\]\(([^)\s]*)\)')
_fence   = re.compile(r'(^(?:```|~~~).*?^(?:```|~~~)[ \t]*$)', re.M|re.S)

def _prose(s):
    s = _badge.sub(lambda m: f"[{m[1].removeprefix('Open in ')}]({m[2]})", s)
    code = lambda t: re.sub(r'`([^`]+)`', r'<code>\1</code>', t.strip())
    s = re.sub(r'[ \t]*(<details[^>]*>)\s*<summary>(.*?)</summary>[ \t]*\n*',
        lambda m: f'{m[1]}<summary>{code(m[2])}</summary>\n\n', s, flags=re.S)
    return re.sub(r'\n*[ \t]*</details>[ \t]*\n*', '\n\n</details>\n\n', s)

def markdown(s):
    "GitHub's habits in MyST: text inside `<details>`, badges as plain links"
    return ''.join(p if i%2 else _prose(p) for i,p in enumerate(_fence.split(s)))

def urls(cfg, nb):
    "Where a notebook is on GitHub and in Colab"
    path = f'{cfg.nbsite_user}/{cfg.nbsite_pkg}/blob/{cfg.nbsite_branch}/nbs/{nb}'
    return f'https://colab.research.google.com/github/{path}', f'https://github.com/{path}'

def buttons(cfg, docname):
    "The row under a title"
    nb = f'{docname}.ipynb'
    colab,github = urls(cfg, nb)
    links = [('colab', colab, 'Open in Colab'), ('source', github, 'View source'),
             ('download', f'_sources/{nb}', 'Download')]
    if docname==cfg.root_doc:
        links = [('start', f'{chapters(cfg.nbsite_src)[0][1][0]}.html', 'Start with chapter 0'), links[0],
                 ('source', f'https://github.com/{cfg.nbsite_user}/{cfg.nbsite_pkg}', 'GitHub')]
    a = lambda k, url, text: f'<a class="nb-{k}" href="{url}"{" download" if k=="download" else ""}>{text}</a>'
    return f'<div class="nb-buttons">{"".join(a(*l) for l in links)}</div>'

def head(s, cfg, docname):
    "First cell: title, subtitle as a lead, the badge line replaced by buttons; also `(title, subtitle)` as plain text"
    title,_,rest = s.strip().partition('\n')
    rest = '\n'.join(l for l in rest.split('\n') if _badge.sub('', l).strip() or not l.strip())
    m = re.match(r'\s*((?:^>.*\n?)+)', rest, re.M)
    sub = re.sub(r'^> ?', '', m[1], flags=re.M).strip() if m else ''
    rest = markdown(rest[m.end():] if m else rest).strip()
    lead = f':::{{container}} nb-lead\n{sub}\n:::\n\n' if sub else ''
    bar = f'```{{raw}} html\n{buttons(cfg, docname)}\n```\n\n'
    plain = [re.sub(r'[`*$]|\[([^\]]*)\]\([^)]*\)', r'\1', t or '') for t in (title.lstrip('# '), sub)]
    return f'{title}\n\n{lead}{bar}{rest}', *plain

# -- code cells ---------------------------------------------------------------------------------------------------

def _label(file, names):
    pub = [n for n in names if not n.startswith('_')]
    what = ', '.join(pub[:4]) + (', …' if len(pub)>4 else '') if pub else 'helpers' if names else 'imports'
    return f'{file}: {what}'

def size(out):
    "Width and height of a picture on the page: its inches, as the PNG has them, at 100 pixels an inch"
    if not (png := base64.b64decode(''.join(out['data'].get('image/png', '')))): return
    wh,i = struct.unpack('>II', png[16:24]),png.find(b'pHYs', 0, 1000)
    dpi = struct.unpack('>I', png[i+4:i+8])[0]*.0254 if i>0 else 100
    return [round(n*100/dpi) for n in wh]

def code(c, mod, cfg):
    "A code cell with its directives turned into tags and `nbsite` metadata; None if it is not shown"
    d,src = directives(''.join(c['source']))
    if 'hide' in d or 'default_exp' in d or not src: return None
    exp = next((k for k in ('exports','export','exporti') if k in d), None)
    meta = dict(id=c['id'], alt=text(d.get('fig-alt', '')), cap=text(d.get('fig-cap', '')), first=src.split('\n')[0],
        sizes=[size(o) for o in c.get('outputs', []) if any(k.startswith('image/') for k in o.get('data', {}))])
    mod = d.get(exp) or mod
    if exp and mod:
        file,names = f"{cfg.nbsite_pkg}/{mod.replace('.','/')}.py", defined(src)
        meta |= dict(ids=[n for n in names if not n.startswith('_')], mod=mod)
        if exp=='exports': meta['label'] = file
        else: meta['fold'] = _label(file, names)
    if d.get('code-fold')=='true': meta['fold'] = text(d.get('code-summary', '')) or meta.get('fold') or 'Code'
    return {**c, 'source': src, 'metadata': {'nbsite': meta}}

_count = iter(range(10**9))
def md_cell(s): return dict(cell_type='markdown', id=f'nbsite-{next(_count)}', metadata={}, source=s)

def on_read(app, docname, source):
    if Path(app.env.doc2path(docname)).suffix!='.ipynb': return
    nb,cfg,cells,mod,imps = json.loads(source[0]),app.config,[],None,{}
    for c in nb['cells']:
        s = ''.join(c['source'])
        if c['cell_type']=='code':
            d,src = directives(s)
            mod,imps = d.get('default_exp', mod),imps | imports(src, cfg.nbsite_pkg)
            if not (new := code(c, mod, cfg)): continue
            cells.append(new)
            if cap := new['metadata']['nbsite']['cap']: cells.append(md_cell(f':::::{{nb-caption}}\n{cap}\n:::::'))
        elif c['cell_type']=='markdown':
            cells.append(md_cell(markdown(s) if cells else s))
    first,title,sub = head(cells[0]['source'], cfg, docname)
    cells[0] = md_cell(first)
    if docname==cfg.root_doc: cells.append(md_cell(toctree(app)))
    app.env.nbsite_docs[docname] = dict(mod=mod, imports=imps, title=title, sub=sub)
    nb['cells'] = cells
    nb['metadata'].setdefault('kernelspec', {}).setdefault('name', 'python3')
    nb['metadata']['language_info'] = dict(name='python', pygments_lexer='ipython3')
    source[0] = json.dumps(nb)

def name_of(stem):
    "What stands before a page's title: `7a` of `07a_norms`; None where it is no numbered page"
    m = re.match(r'(\d\d[a-z]?)_', stem)
    return m and (m[1].lstrip('0') or '0') if m and m[1]!='00' else m and '0'

def chapters(folder):
    "The notebooks in `folder` as `(caption, [docnames])`: 00-09 are the course, 10-19 the tools, from 20 on it goes further"
    docs = sorted(p.stem for p in Path(folder).glob('*.ipynb') if name_of(p.stem))
    part = lambda tens: [d for d in docs if d[0] in tens]
    return ('The course', part('0')), ('The tools', part('1')), ('Going further', part('23456789'))

def toctree(app):
    groups = [*chapters(app.srcdir), ('Reference', ['questions', 'api'])]
    tree = lambda cap, docs: '\n'.join(['```{toctree}', ':hidden:', f':caption: {cap}', '', *docs, '```'])
    return '\n\n'.join(tree(*g) for g in groups if g[1])

# -- the document tree --------------------------------------------------------------------------------------------

class fold(nodes.General, nodes.Element): "Code behind a line that says what it is"

def visit_fold(self, node):
    self.body.append(f'<details class="nb-fold"><summary>{node["summary"]}</summary>\n')
def depart_fold(self, node): self.body.append('</details>\n')
def skip(self, node): pass

class caption(nodes.General, nodes.Element): "Text of `fig-cap`, on its way from its own cell to the figure"

class Caption(SphinxDirective):
    has_content = True
    def run(self):
        res = caption()
        res += self.parse_content_to_nodes()
        return [res]

def _html(s): return re.sub(r'`([^`]+)`', r'<code>\1</code>', escape(s, quote=False))
def _summary(s):
    file,sep,names = s.partition('.py: ')
    return f'<code>{escape(file)}.py</code> <span>{escape(names)}</span>' if sep else f'<span>{_html(s)}</span>'

_named = re.compile(r'aria-label|aria-hidden|<title|<figcaption|\balt=')
_drawn = re.compile(r'<(svg|canvas|img|video)\b')
_touch = re.compile(r'<(button|input|select|script|a)\b')

def figures(cell, meta, cap):
    "Alternative text on each picture of a cell; all of them, and the caption, in one `<figure>`"
    where = f"cell {cell['cell_index']} (`{meta.get('first','')}`)"
    bundles = [b for b in cell.findall(nodes.container) if b.get('nb_element')=='mime_bundle']
    mime = lambda b, s: next((m for m in b.children if m['mime_type'].startswith(s)), None)
    def is_pic(b):
        if h := mime(b, 'text/html'): return _drawn.search(h.astext())
        return mime(b, 'image/')
    pics = [b for b in bundles if is_pic(b)]
    alt,npic = meta.get('alt', ''),0
    for b in pics:
        if h := mime(b, 'text/html'):
            raw = h.astext()
            if alt and not _touch.search(raw):
                h.insert(0, nodes.raw('', f'<div role="img" aria-label="{escape(alt)}">', format='html'))
                h.append(nodes.raw('', '</div>', format='html'))
            elif not alt and not _named.search(raw): _no_alt(where, cell)
        else:
            wh = (meta.get('sizes') or [None])[npic:npic+1]
            npic += 1
            for im in b.findall(nodes.image):
                im['alt'] = alt
                if wh and wh[0]:
                    im['width'],im['height'] = map(str, wh[0])
                    if wh[0][0]>=850: im['classes'].append('nb-large')       # its letters would be too small on a phone
            if not alt: _no_alt(where, cell)
    if not cap: return
    group = pics or bundles[-1:]
    if not group: return warn(f'{where} has a fig-cap but no output', cell)
    fig = nodes.figure('', ids=[f"figure-{cell['cell_index']}"], classes=['nb-figure'])
    group[0].parent.replace(group[0], fig)
    for b in group[1:]: b.parent.remove(b)
    fig += group
    para = next(iter(cap.findall(nodes.paragraph)), None)
    fig += nodes.caption('', '', *(para.children if para else [nodes.Text(cap.astext())]))

def warn(text, loc, subtype='alt'): log.warning(text, location=loc, type='nbsite', subtype=subtype)

def _no_alt(where, loc): warn(f'{where} draws a picture that a screen reader cannot see: add `#| fig-alt: "..."`', loc)

def on_tree(app, doctree):
    "After parsing: folds, labels, anchors and figures of code cells"
    doc = app.env.docname
    for cell in [c for c in doctree.findall(nodes.container) if c.get('nb_element')=='cell_code']:
        meta = cell['cell_metadata'].get('nbsite') or {}
        for n in meta.get('ids', []):
            cell['ids'].append(n)
            app.env.nbsite_defs[f"{meta['mod']}.{n}"] = (doc, n)
        if (inp := next((c for c in cell.children if c.get('nb_element')=='cell_code_source'), None)):
            if 'label' in meta:
                inp.insert(0, nodes.raw('', f'<div class="nb-file">{escape(meta["label"])}</div>', format='html'))
            if 'fold' in meta:
                box = fold(summary=_summary(meta['fold']))
                cell.replace(inp, box)
                box += inp
                if doc==app.config.root_doc: cell.append(cell.pop(0))   # the front page shows the picture first
        i = cell.parent.index(cell)
        after = cell.parent[i+1] if i+1<len(cell.parent) else None
        figures(cell, meta, after if isinstance(after, caption) else None)
    for c in list(doctree.findall(caption)): c.parent.remove(c)
    for im in doctree.findall(nodes.image):
        if '://' in im['uri']: warn(f"picture from outside the site: {im['uri']}", im, 'outside')
        elif not im.get('alt') and not _in_cell(im): warn(f"picture without alternative text: {im['uri']}", im)

def _in_cell(node):
    while node := node.parent:
        if isinstance(node, nodes.container) and node.get('nb_element')=='cell_code': return True

# -- state kept between builds ------------------------------------------------------------------------------------

def on_purge(app, env, docname):
    for k in ('nbsite_docs', 'nbsite_defs', 'nbsite_uses'):
        if not hasattr(env, k): setattr(env, k, {})
    for k in ('nbsite_docs', 'nbsite_uses'): getattr(env, k).pop(docname, None)
    env.nbsite_defs = {k:v for k,v in env.nbsite_defs.items() if v[0]!=docname}

def on_merge(app, env, docnames, other):
    for k in ('nbsite_docs', 'nbsite_uses'): getattr(env, k).update((d,v) for d,v in getattr(other, k).items() if d in docnames)
    env.nbsite_defs |= {k:v for k,v in other.nbsite_defs.items() if v[0] in docnames}

def on_outdated(app, env, added, changed, removed):
    for k in ('nbsite_docs', 'nbsite_defs', 'nbsite_uses'):
        if not hasattr(env, k): setattr(env, k, {})
    return [app.config.root_doc] if added or removed else []

def setup(app):
    app.add_directive('nb-caption', Caption)
    app.add_node(fold, html=(visit_fold, depart_fold), **{f:(skip, skip) for f in ('latex','text','man','texinfo')})
    for event,f in (('source-read', on_read), ('doctree-read', on_tree), ('env-purge-doc', on_purge),
                    ('env-merge-info', on_merge), ('env-get-outdated', on_outdated)): app.connect(event, f)
