"`name` in prose links to the API reference where the package exports that name"
import ast, builtins, re
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

from .cells import patched

_name = re.compile(r'([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\(\))?')

@cache
def exports(folder):
    "What each module of the package exports, in its order: `{module: {name: [members]}}`, read without importing"
    res = {}
    for p in sorted(Path(folder).glob('[!_]*.py')):
        body = ast.parse(p.read_text(encoding='utf-8'), str(p)).body
        defs,names = {},[]
        for o in body:
            if isinstance(o, ast.ClassDef): defs[o.name] = [m.name for m in o.body if isinstance(m, ast.FunctionDef)]
            elif isinstance(o, ast.FunctionDef) and (cls := patched(o)): defs.setdefault(cls, []).append(o.name)
            elif isinstance(o, ast.Assign) and getattr(o.targets[0], 'id', '')=='__all__':
                names = ast.literal_eval(o.value) if isinstance(o.value, ast.List) else [] # a door that leads to other modules lists nothing
        res[p.stem] = {n: defs.get(n, []) for n in names}
    return res

@cache
def foreign():
    "Names that a reader takes for torch's or Python's own"
    import torch
    return {n for m in (builtins, torch, torch.nn, torch.nn.functional, torch.optim, torch.Tensor) for n in dir(m)}

def find(text, doc, pkg, exp):
    "`module`, `module.name` or `module.Class.member` that `text` means on a page with `doc`'s imports, else None"
    m = _name.fullmatch(text)
    if not m: return
    parts = m[1].split('.')
    if parts[0]==pkg: parts = parts[1:]
    elif len(parts)==1 and parts[0] in exp and not any(parts[0] in v for v in exp.values()): return
    if not parts: return
    if parts[0] in exp and (len(parts)>1 or m[1]!=parts[0]): mod,parts = parts[0],parts[1:]
    else:
        n,imps = parts[0],doc.get('imports', {})
        homes = [k for k,v in exp.items() if n in v]
        if n in exp.get(doc.get('mod'), {}): mod = doc['mod']
        elif n in imps: mod = imps[n]
        elif stars := [v for k,v in imps.items() if k[0]=='*' and v in homes]: mod = stars[-1]
        elif len(homes)==1 and n not in foreign(): mod = homes[0]
        else: return
    if mod not in exp: return
    if not parts: return mod
    if parts[0] not in exp[mod]: return
    if len(parts)>1 and parts[1] not in exp[mod][parts[0]]: return
    return '.'.join([mod, *parts[:2]])

def package(env):
    "The package's folder; `env` is anything with `srcdir` and `config`: the app or the build environment"
    return Path(env.srcdir).parent/env.config.nbsite_pkg

def on_tree(app, doctree):
    pkg,exp,doc = app.config.nbsite_pkg,exports(str(package(app))),app.env.docname
    info = app.env.nbsite_docs.get(doc) or dict(mod=doc.removeprefix('api/'))
    for lit in list(doctree.findall(nodes.literal)):
        if _inside(lit, (nodes.reference, nodes.title, addnodes.pending_xref, addnodes.desc_signature)): continue
        if not (full := find(lit.astext(), info, pkg, exp)): continue
        ref = addnodes.pending_xref('', refdomain='py', reftype='obj', reftarget=f'{pkg}.{full}', refdoc=doc,
            refexplicit=True, refwarn=False)
        lit.replace_self(ref)
        lit['classes'].append('nb-name')
        ref += lit

def _inside(node, kinds):
    while node := node.parent:
        if isinstance(node, kinds): return True

def setup(app): app.connect('doctree-read', on_tree, priority=600)
