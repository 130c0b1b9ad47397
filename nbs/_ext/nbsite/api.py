"The API reference: a page a module, made from signatures and docments"
import ast, inspect, io, json, re, sys, tokenize
from importlib import import_module
from pathlib import Path
from textwrap import dedent

from docutils import nodes
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from .cells import directives, head
from .links import exports, package

# -- docstrings and docments are Markdown of the plainest kind; autodoc wants reStructuredText -----------------------

_span = re.compile(r'(`+)(.+?)\1|\$([^$\s](?:[^$]*[^$\s])?)\$|(https?://[^\s)]+[^\s).,])')

def rst(s):
    "Text with `code`, $maths$ and links in reStructuredText; anything else is escaped"
    res,i = [],0
    esc = lambda t: re.sub(r'([*_|\\`])', r'\\\1', t)
    for m in _span.finditer(s):
        before,after = s[:m.start()][-1:].strip(),s[m.end():][:1].strip()    # a role must stand apart from letters
        role = f'``{m[2]}``' if m[2] else f':math:`{m[3]}`' if m[3] else m[4]
        res += [esc(s[i:m.start()]), '\\ ' if before else '', role, '\\ ' if after else '']
        i = m.end()
    return ''.join([*res, esc(s[i:])]).strip()

def lines(doc): return [l[:len(l)-len(l.lstrip())] + rst(l) if l.strip() else '' for l in doc]

def show(anno):
    "An annotation as one would write it"
    if anno is inspect.Parameter.empty or anno is None: return ''
    plain = isinstance(anno, type) and not getattr(anno, '__args__', None)
    s = anno if isinstance(anno, str) else anno.__name__ if plain else str(anno)
    return re.sub(r'\b(?:torch|typing|pathlib|collections\.abc|numpy|builtins)\.', '', s)

def _literal(default):
    "`(type, text)` of a default that autodoc kept as its source"
    try: return type(ast.literal_eval(default)).__name__.replace('NoneType', ''),default
    except (SyntaxError, ValueError): return '',default

def table(obj):
    "Parameters, their types, defaults and meanings, as a list-table"
    from fastcore.docments import docments
    try: dm = docments(obj, full=True, returns=True)
    except Exception: return []
    if isinstance(obj, type) and issubclass(obj, tuple) and hasattr(obj, '_fields'): dm = fields(obj)
    beside = comments(obj)
    code = lambda s: f'``{s}``' if s else ''
    rows = []
    for n,p in dm.items():
        anno,dflt,doc = show(p['anno']),p['default'],rst(p['docment'] or beside.get(n, ''))
        if n.startswith('_') or n in ('self', 'cls'): continue
        if n=='return':
            if anno or doc: rows.append(('*returns*', code(anno), doc))
            continue
        if type(dflt).__name__=='DefaultValue':
            kind,text = _literal(str(dflt))
            anno = f"{kind if anno=='DefaultValue' else anno} = {text}"
        elif dflt is not inspect.Parameter.empty: anno = f'{anno} = {dflt!r}'
        star = {inspect.Parameter.VAR_POSITIONAL:'*', inspect.Parameter.VAR_KEYWORD:'**'}.get(p.get('kind'), '')
        rows.append((code(star+n), code(anno.strip(' ')), doc))
    ncol = 3 if any(r[2] for r in rows) else 2
    if not any(r[1] or r[2] for r in rows): return []
    res = ['', '.. list-table::', f'   :class: nb-params nb-cols{ncol}', '   :header-rows: 1', '   :widths: auto', '']
    for r in [('Name', 'Type', 'Meaning'), *rows]:
        res += [f"   {'*' if i==0 else ' '} - {' '.join(c.split())}" for i,c in enumerate(r[:ncol])]
    return [*res, '']

def comments(obj):
    "The comment on the line of each parameter: it tells of all that stand there, and of `**kwargs`"
    f = inspect.unwrap(obj.__init__ if isinstance(obj, type) else obj)
    try: src = dedent(inspect.getsource(f))
    except (TypeError, OSError): return {}
    at = {t.start[0]: t.string.lstrip('# ') for t in tokenize.generate_tokens(io.StringIO(src).readline)
          if t.type==tokenize.COMMENT and not re.search(r':\s*#', t.line)}       # after the colon it tells of the result
    a = ast.parse(src).body[0].args
    return {o.arg: at[o.lineno] for o in [*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg] if o and o.lineno in at}

def fields(cls):
    "Fields of a NamedTuple, with the comments beside them"
    src = inspect.getsource(cls)
    doc = {m[1]: m[2] for m in re.finditer(r'^\s+(\w+)\s*:.*?#\s*(.*)$', src, re.M)}
    empty = inspect.Parameter.empty
    annos,defaults = cls.__annotations__,cls._field_defaults
    return {f: dict(anno=annos.get(f, empty), default=defaults.get(f, empty), docment=doc.get(f)) for f in cls._fields}

def constant(fullname):
    "The comment beside, or the string below, the assignment of a module's constant"
    mod,_,name = fullname.rpartition('.')
    src = inspect.getsource(import_module(mod))
    m = re.search(rf'^{name}\b[^=\n]*=(?:.*?#\s*(.+)|.*\n"(.+)")$', src, re.M)
    return m[1] or m[2] if m else ''

def on_docstring(app, what, name, obj, options, doc):
    "Escape the docstring; below it, the table of parameters"
    if what in ('data', 'attribute'): doc[:] = [rst(constant(name))] if what=='data' else lines(doc)
    else: doc[:] = lines(doc)
    if what in ('function', 'class', 'method'): doc += ['', *table(obj)]

def on_signature(app, what, name, obj, options, sig, ret):
    "Private parameters are nobody's business"
    if sig and ' _' in sig: return re.sub(r', _\w+=[^,()]*(?=[,)])', '', sig),ret

def on_skip(app, what, name, obj, skip, options):
    "Leave out what a NamedTuple brings with it"
    if type(obj).__name__=='_tuplegetter': return True

# -- links to where a thing is built ------------------------------------------------------------------------------

def on_resolved(app, doctree, docname):
    "`[notebook]` beside `[source]`: the cell that defines the object"
    for sig in doctree.findall(addnodes.desc_signature):
        full = f"{sig.get('module')}.{sig.get('fullname')}".removeprefix(f'{app.config.nbsite_pkg}.')
        doc,anchor = app.env.nbsite_defs.get(full, (None, None))
        if not doc: continue
        uri = app.builder.get_relative_uri(docname, doc) + f'#{anchor}'
        ref = nodes.reference('', '', nodes.inline('', '[notebook]', classes=['nb-taught']), internal=True, refuri=uri)
        ref['reftitle'] = f"Built in: {app.env.nbsite_docs[doc]['title']}"
        sig += ref

def source_url(github, branch, root, info):
    "GitHub's page of an object's lines"
    obj = sys.modules.get(info['module'])
    for p in info['fullname'].split('.'): obj = getattr(obj, p, None)
    try: (src,start),file = inspect.getsourcelines(inspect.unwrap(obj)),Path(inspect.getsourcefile(inspect.unwrap(obj)))
    except (TypeError, OSError): return
    if not file.is_relative_to(root): return
    path = file.relative_to(root).as_posix()
    return f"{github}/blob/{branch}/{path}#L{start}-L{start+len(src)-1}"

# -- pages --------------------------------------------------------------------------------------------------------

def titles(env):
    "`{module: (docname, title, subtitle)}` from the notebooks"
    res = {}
    for p in sorted(Path(env.srcdir).glob('[0-9][0-9]*_*.ipynb')):
        cells = json.loads(p.read_text(encoding='utf-8'))['cells']
        ds = [directives(''.join(c['source']))[0] for c in cells if c['cell_type']=='code']
        mod = next((d['default_exp'] for d in ds if 'default_exp' in d), None)
        _,title,sub = head(''.join(cells[0]['source']), env.config, p.stem)
        res[mod or p.stem] = p.stem,title,sub
    return res

def modules(env):
    "Exporting modules, in the order of their notebooks"
    exp,order = exports(str(package(env))),list(titles(env))
    place = lambda m: (order.index(m) if m in order else len(order), m)
    return {m: exp[m] for m in sorted((m for m in exp if exp[m]), key=place)}

def write_pages(app):
    "Write `api/<module>.md`: what autodoc is to show. The folder ignores itself in git"
    out,pkg,tit = Path(app.srcdir)/'api',app.config.nbsite_pkg,titles(app)
    out.mkdir(exist_ok=True)
    pages = {'.gitignore': '*\n'}
    for m,names in modules(app).items():
        doc,title,sub = tit.get(m, (None, m, ''))
        text = [f'# {m}', '', f':::{{container}} nb-lead\n{sub}\n:::' if sub else '', '',
            f'Built and tested in [{title}](/{doc}.ipynb).' if doc else '', '',
            '```{eval-rst}', f'.. py:module:: {pkg}.{m}', '']
        mod = import_module(f'{pkg}.{m}')
        for n in names:
            o = getattr(mod, n, None)
            if isinstance(o, type):
                kind,opts = 'exception' if issubclass(o, BaseException) else 'class',['   :members:']
            elif inspect.isroutine(o): kind,opts = 'function',[]
            else: kind,opts = 'data',[] if len(repr(o))<80 else ['   :no-value:']
            text += [f'.. auto{kind}:: {pkg}.{m}.{n}', *opts, '']
        pages[f'{m}.md'] = '\n'.join([*text, '```', ''])
    for p in out.glob('*.md'):
        if p.name not in pages: p.unlink()
    for n,t in pages.items():
        p = out/n
        if not p.exists() or p.read_text(encoding='utf-8')!=t: p.write_text(t, encoding='utf-8')

class Modules(SphinxDirective):
    "Every module with its names and their first lines, as tables that link to the pages"
    def run(self):
        pkg,tit,mods = self.config.nbsite_pkg,titles(self.env),modules(self.env)
        text = ['```{toctree}', ':hidden:', '', *[f'api/{m}' for m in mods], '```', '']
        for m,names in mods.items():
            mod = import_module(f'{pkg}.{m}')
            doc,title,sub = tit.get(m, (None, m, ''))
            text += [f'## [`{m}`](api/{m}.md)', '', sub, '', '::::{container} nb-index',
                '| Name | Meaning |', '|---|---|']
            for n in names:
                o = getattr(mod, n, None)
                first = (inspect.getdoc(o) or '').split('\n')[0] if callable(o) else constant(f'{pkg}.{m}.{n}')
                if first: text.append(f'| {{py:obj}}`{n} <{pkg}.{m}.{n}>` | ' + first.replace('|', r'\|') + ' |')
            text += ['::::', '']
        return self.parse_text_to_nodes('\n'.join(text), allow_section_headings=True)

def on_outdated(app, env, added, changed, removed):
    "Reference pages follow the package's files"
    def stale(d):
        p = package(app)/f"{d.removeprefix('api/')}.py"
        return p.exists() and p.stat().st_mtime*1e6 > env.all_docs.get(d, 0)
    old = [d for d in env.found_docs if d.startswith('api/') and stale(d)]
    return [*old, 'api'] if old or added or removed else []

def setup(app):
    app.add_directive('nb-modules', Modules)
    for event,f in (('builder-inited', write_pages), ('autodoc-process-docstring', on_docstring),
                    ('autodoc-process-signature', on_signature), ('autodoc-skip-member', on_skip),
                    ('doctree-resolved', on_resolved), ('env-get-outdated', on_outdated)): app.connect(event, f)
