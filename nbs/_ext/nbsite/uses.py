"Where the package's names are used: links inside code cells; on each entry of the API its chapters and an example"
import ast, json, re
from html import unescape
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

from .cells import directives, fold, tree
from .links import exports, package

log = logging.getLogger(__name__)

# -- which names of the package a cell uses, and where ------------------------------------------------------------

def home(name, mod, exp):
    "`module.name` for a name taken from `mod`: there, or in the only module that exports it; None for anything else"
    if name in exp.get(mod, {}): return f'{mod}.{name}'
    homes = [m for m,names in exp.items() if name in names]
    if len(homes)==1: return f'{homes[0]}.{name}'

def taken(code, pkg, exp):
    "What a cell's imports bind: `{name: 'module.name', 'module', or None for anything that is not the package's}`"
    res = {}
    for o in ast.walk(code):
        if isinstance(o, ast.Import): res |= {(a.asname or a.name).split('.')[0]: None for a in o.names}
        if not isinstance(o, ast.ImportFrom): continue
        ours,mod = (o.module or '').split('.')[0]==pkg,(o.module or '').partition('.')[2]
        for a in o.names:
            if a.name=='*': res |= {n: f'{mod}.{n}' for n in exp.get(mod, {})} if ours else {}
            elif ours and not mod and a.name in exp: res[a.asname or a.name] = a.name
            else: res[a.asname or a.name] = home(a.name, mod, exp) if ours else None
    return res

_def = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
_scope = *_def[:2], ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp

def bound(scope):
    "Names that a cell, a function or a comprehension binds for itself"
    res,todo = set(),[*ast.iter_child_nodes(scope)]
    while todo:
        o = todo.pop()
        if isinstance(o, ast.arg): res.add(o.arg)
        elif isinstance(o, ast.Name) and isinstance(o.ctx, ast.Store): res.add(o.id)
        elif isinstance(o, _def): res.add(o.name)
        if not isinstance(o, (*_scope, ast.ClassDef)): todo += ast.iter_child_nodes(o)
    return res

def names(code, known, pkg, exp):
    "`(full name, line, column in bytes, text, called)` of each use of a known name, called also as a base or decorator; None where it is imported"
    def walk(o, known):
        if isinstance(o, ast.ImportFrom) and (o.module or '').split('.')[0]==pkg:
            got = taken(ast.Module([o], []), pkg, exp)
            yield from ((got[a.asname or a.name], a.lineno, a.col_offset, a.name, None) for a in o.names
                        if '.' in (got.get(a.asname or a.name) or ''))
        if isinstance(o, ast.Attribute) and isinstance(o.value, ast.Name) and (mod := known.get(o.value.id)) in exp:
            if full := home(o.attr, mod, exp): yield full, o.end_lineno, o.end_col_offset-len(o.attr.encode()), o.attr, id(o) in calls
        elif isinstance(o, ast.Name) and isinstance(o.ctx, ast.Load) and '.' in (full := known.get(o.id) or ''):
            yield full, o.lineno, o.col_offset, o.id, id(o) in calls
        if isinstance(o, _scope):
            own = bound(o)
            known = {k: v for k,v in known.items() if k not in own}
        for c in ast.iter_child_nodes(o): yield from walk(c, known)
    calls = {id(o.func) for o in ast.walk(code) if isinstance(o, ast.Call)}
    calls |= {id(o.value) for o in ast.walk(code) if isinstance(o, ast.Attribute) and id(o) in calls}      # `Name.method(...)`
    calls |= {id(b) for o in ast.walk(code) if isinstance(o, _def) for b in [*o.decorator_list, *getattr(o, 'bases', [])]}
    return list(walk(code, known))

class Names:
    "The names of the package that a notebook knows, cell after cell"
    def __init__(self, pkg, exp): self.pkg,self.exp,self.known = pkg,exp,{}

    def read(self, src, mod=None):
        "Uses in the next cell, which exports into `mod` if it exports; then what it defines is known, or is its own"
        if not (code := tree(src)): return []
        self.known |= taken(code, self.pkg, self.exp)
        own = bound(code)
        uses = names(code, {k: v for k,v in self.known.items() if k not in own}, self.pkg, self.exp)
        public = self.exp.get(mod, {})
        self.known |= {n: f'{mod}.{n}' if n in public else None for n in own}
        return uses

def printed(outputs):
    "What a cell printed or returned, a piece an output, where that is text, short, and the same in each run; [] for pictures and what can be touched; else None"
    res = []
    for o in outputs:
        data = o.get('data', {'text/plain': o.get('text', '')})
        if o.get('name')=='stderr' or o['output_type']=='error': return
        if set(data)-{'text/plain', 'text/html', 'text/markdown'} or re.search('<(script|svg)', ''.join(data.get('text/html', ''))): return []
        res.append(''.join(data.get('text/markdown') or data.get('text/plain', '')).rstrip())
        if re.search(r'^<|\bat 0x', res[-1]): return
    lines = '\n'.join(res).split('\n')
    return res if any(res) and len(lines)<=16 and max(map(len, lines))<=160 else None

def sample(cell, src, outputs, uses, meta):
    "What a cell gives as an example: its code and its output; None where it is no short open cell that shows something"
    if 'fold' in meta or 'ids' in meta or src.count('\n')>7 or not any(u[4] for u in uses): return
    if (out := printed(outputs)) is None: return
    marked = [o.deepcopy() for o in cell.findall(nodes.container) if o.get('mime_type')=='text/markdown']     # as the page has it
    for o in [n for m in marked for n in m.findall()]:
        if isinstance(o, addnodes.pending_xref): return
        o.document = None                                           # else the whole page is kept with it
    out = [marked.pop(0) if marked and 'text/markdown' in o.get('data', {}) else s for o,s in zip(outputs, out)]
    return dict(id=f"cell-{meta['id']}", code=src, out=out, called=sorted({u[0] for u in uses if u[4]}))

# -- from a notebook, its cells; from the tree of its page, their sections -----------------------------------------

def on_read(app, docname, source):
    "What each code cell uses and prints, hidden cells too: they import"
    if Path(app.env.doc2path(docname)).suffix!='.ipynb': return
    mod,found = None,{}
    seen = Names(app.config.nbsite_pkg, exports(str(package(app))))
    for c in json.loads(source[0])['cells']:
        if c['cell_type']!='code': continue
        d,src = directives(''.join(c['source']))
        mod = d.get('default_exp', mod)
        exp = next((d[k] or mod for k in ('exports', 'export') if k in d), None)
        found[c['id']] = src,seen.read(src, exp),c['outputs']
    app.env.temp_data['nbsite_cells'] = found

def on_tree(app, doctree):
    doc,found,cells = app.env.docname,[],app.env.temp_data.get('nbsite_cells', {})
    for cell in doctree.findall(nodes.container):
        meta = cell.get('nb_element')=='cell_code' and cell['cell_metadata'].get('nbsite') or {}
        src,uses,outputs = cells.get(meta.get('id'), ('', [], []))
        if not uses: continue
        section = cell.parent
        while not isinstance(section, nodes.section): section = section.parent
        for lit in cell.findall(nodes.literal_block):
            if lit.parent.get('nb_element')=='cell_code_source': lit['nbsite_uses'] = uses
        if eg := sample(cell, src, outputs, uses, meta): cell['ids'].append(eg['id'])
        found.append(dict(id=section['ids'][0], title=section[0].astext(), page=isinstance(section.parent, nodes.document),
            names=sorted({u[0] for u in uses if u[4] is not None}), folded='fold' in meta, example=eg, uses=uses))
    app.env.nbsite_uses[doc] = found

# -- what an entry shows ------------------------------------------------------------------------------------------

def collect(env):
    "`{full name: (places, example)}`: at most four `(page, anchor, title)`, and the shortest example; the page that defines it first"
    places,examples = {},{}
    for doc in sorted(env.nbsite_uses):
        for n,cell in enumerate(env.nbsite_uses[doc]):
            for full in cell['names']:
                at = places.setdefault(full, {}).setdefault(doc, {})
                at[cell['id']] = min(at.get(cell['id'], (9, 0, '')), (cell['folded']+cell['page'], n, cell['title']))
            for full in (cell['example'] or {}).get('called', []):
                mine = env.nbsite_defs.get(full, ('',))[0]==doc
                examples.setdefault(full, []).append((not cell['example']['out'], not mine, len(cell['example']['code']), doc, n))
    return {full: (some(places.get(full, {}), env.nbsite_defs.get(full, ('',))[0]), example(env, examples.get(full)))
            for full in places.keys() | examples.keys()}

def some(pages, first, most=4):
    "One section of each page, then a second of each, and so on, up to `most`; in the order of the pages, `first` before them"
    order = lambda doc: (doc!=first, doc)
    ranked = {doc: sorted((*v, i) for i,v in at.items()) for doc,at in pages.items()}
    turns = [(i, order(doc), doc, v[3], v[2], v[1]) for doc,vs in ranked.items() for i,v in enumerate(vs)]
    chosen = sorted(sorted(turns)[:most], key=lambda t: (t[1], t[5]))
    return [(doc, anchor, title) for _,_,doc,anchor,title,_ in chosen]

def example(env, found):
    if not found: return
    *_,doc,n = min(found)
    return doc, env.nbsite_uses[doc][n]['example'], env.nbsite_uses[doc][n]['uses']

def on_updated(app, env):
    "Entries whose places or example have changed are written anew; how many have an example is said"
    new,pkg = collect(env),app.config.nbsite_pkg
    old,env.nbsite_found = getattr(env, 'nbsite_found', {}),new
    defs = {k.removeprefix(f'{pkg}.'): o for k,o in env.domains['py'].objects.items() if o.objtype in ('function', 'class')}
    public = [k for k in defs if k.count('.')==1]
    lack = [k for k in public if not new.get(k, (0, None))[1]]
    log.info(f'{len(public)-len(lack)} of {len(public)} public functions and classes have an example; without: {", ".join(sorted(lack))}')
    return sorted({f'api/{k.partition(".")[0]}' for k in old.keys() | new.keys() if old.get(k)!=new.get(k)} & env.found_docs)

def link(app, docname, doc, anchor, text):
    return nodes.reference('', text, internal=True, refuri=app.builder.get_relative_uri(docname, doc)+f'#{anchor}')

def on_resolved(app, doctree, docname):
    "Below each entry: the sections that use it, and the example, folded"
    if not docname.startswith('api/'): return
    for desc in doctree.findall(addnodes.desc):
        sig,content = desc[0],desc[-1]
        full = f"{sig.get('module')}.{sig.get('fullname')}".removeprefix(f'{app.config.nbsite_pkg}.')
        places,eg = app.env.nbsite_found.get(full, ([], None))
        new = []
        if places:
            p = nodes.paragraph('', 'Used in ', classes=['nb-used'])
            for i,(doc,anchor,title) in enumerate(places):
                page = app.env.nbsite_docs[doc]['title']
                if i: p += nodes.Text(' · ')
                p += link(app, docname, doc, anchor, title if title==page else f'{page}: {title}')
            new.append(p)
        if eg:
            doc,cell,uses = eg
            box = fold(summary='<span>Example</span>')
            src = nodes.literal_block(cell['code'], cell['code'], language='ipython3')
            src['nbsite_uses'] = uses
            box += [src, *(nodes.literal_block(o, o, language='none') if isinstance(o, str) else o.deepcopy() for o in cell['out'])]
            where = link(app, docname, doc, cell['id'], app.env.nbsite_docs[doc]['title'])
            box += nodes.paragraph('', 'As run in ' if cell['out'] else 'What it shows stands in ', where, nodes.Text('.'), classes=['nb-used'])
            new.append(box)
        members = next((i for i,c in enumerate(content) if isinstance(c, (addnodes.desc, addnodes.index))), len(content))
        content[members:members] = new

# -- links in highlighted code ------------------------------------------------------------------------------------

_token = re.compile(r'<span class="(\w+)">([^<]*)</span>|<[^>]*>|[^<]+')

def linked(html, uses, uri):
    "Highlighted code in which the names at `uses` are links; text and number of elements stay. Of one name the Tab key meets the first"
    at,seen,row,col = {(u[1], u[2]): u for u in uses},set(),1,0
    def token(m):
        nonlocal row,col
        text = unescape(m[2] if m[1] else '' if m[0][0]=='<' else m[0])
        use,here = at.get((row, col)),m[0]
        if m[1] and use and use[3]==text and (to := uri(use[0])):
            quiet = ' tabindex="-1"' if text in seen else ''
            seen.add(text)
            here = f'<a class="{m[1]} nb-api" href="{to}"{quiet}>{m[2]}</a>'
        row,col = row+text.count('\n'),len(text.rpartition('\n')[2].encode()) + (0 if '\n' in text else col)
        return here
    before,pre,code = html.partition('<pre>')
    return before + pre + _token.sub(token, code)

def visit_literal(self, node):
    "Sphinx's own, then the links"
    try: type(self).visit_literal_block(self, node)
    finally:
        if uses := node.get('nbsite_uses'):
            env,doc = self.builder.env,self.builder.current_docname
            objects = env.domains['py'].objects
            def uri(full):
                name = f'{env.config.nbsite_pkg}.{full}'
                if name in objects: return self.builder.get_relative_uri(doc, objects[name].docname)+f'#{objects[name].node_id}'
            self.body[-1] = linked(self.body[-1], uses, uri)
def depart_literal(self, node): type(self).depart_literal_block(self, node)

def setup(app):
    app.add_node(nodes.literal_block, override=True, html=(visit_literal, depart_literal))
    app.connect('source-read', on_read, priority=400)      # before `cells` leaves out what is hidden
    for event,f in (('doctree-read', on_tree), ('env-updated', on_updated), ('doctree-resolved', on_resolved)):
        app.connect(event, f)
