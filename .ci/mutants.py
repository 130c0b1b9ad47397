#!/usr/bin/env python3
"""Break each function that is made of other operations, one change at a time, and ask whether a test of pages 15 to 17 notices.

    python .ci/mutants.py                  everything: some thousand changes, about half an hour on two cores
    python .ci/mutants.py --part 1/20      a seeded part of them
    python .ci/mutants.py --only ops:_ctc  those of the functions whose name begins so
    python .ci/mutants.py --list           print them, run nothing

Prints what passed unseen and is not in .ci/mutants.equal, which says of each change that changes nothing why it does not; exits with 1
if there is one. The functions: all of `ops` but for the VJPs, which page 17 breaks itself, and in `record` what turns torch's
operations into ours; the recording itself is tested by page 16 and by whole models.
"""
import argparse, ast, copy, gc, os, random, re, signal, sys, time, warnings
from collections import defaultdict
from pathlib import Path
os.environ.update(OMP_NUM_THREADS='1', MPLBACKEND='agg', IN_TEST='1')
import nbformat, torch

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root))
EQUAL = root/'.ci/mutants.equal'
# which sections of a page are tests here; the cells of a module itself are not run again
PAGES = {'17_conformance': r'PyTorch.s own list of operations|What no sample reaches', '15_ops': '', '16_record': '', '20_higher': ''}
ENDS = dict(record='class _Plan')                     # from here on it is no operation
SAMPLES = 40                                          # of PyTorch's own, at most, for a change that the pages let pass
SECONDS = 60

# the changes

SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
         ast.Pow: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
         ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
         ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.MatMult: ast.Mult}
METHODS = dict(sum='mean', mean='sum', amax='amin', amin='amax', max='min', min='max', exp='expm1', log='log1p', sin='cos', cos='sin',
               mT='clone', triu='tril', tril='triu', floor='ceil', ceil='floor', cumsum='cumprod', any='all', all='any', conj='clone')

def changes(node):
    "Ways to change one node of a syntax tree: (what it says, new node)"
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        yield 'operator',ast.BinOp(node.left, SWAPS[type(node.op)](), node.right)
    if isinstance(node, ast.Compare):
        for i,o in enumerate(node.ops):
            if type(o) in SWAPS: yield f'comparison {i}',ast.Compare(node.left, [*node.ops[:i], SWAPS[type(o)](), *node.ops[i+1:]], node.comparators)
    if isinstance(node, ast.BoolOp):
        for i in range(len(node.values)):
            rest = [*node.values[:i], *node.values[i+1:]]
            yield f'without {i}',rest[0] if len(rest)==1 else ast.BoolOp(node.op, rest)
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool): yield 'constant',ast.Constant(not node.value)
        elif isinstance(node.value, int): yield 'constant',ast.Constant(node.value+1)
        elif isinstance(node.value, float): yield 'constant',ast.Constant(node.value*1.1+.1)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)): yield 'sign',node.operand
    if isinstance(node, ast.IfExp): yield 'first',node.body; yield 'second',node.orelse
    if isinstance(node, (ast.If, ast.While)):
        yield 'never',type(node)(ast.Constant(False), node.body, node.orelse)
        if isinstance(node, ast.If): yield 'always',ast.If(ast.Constant(True), node.body, node.orelse)
    if isinstance(node, ast.Call):
        for i,k in enumerate(node.keywords):
            if k.arg: yield f'without {k.arg}',ast.Call(node.func, node.args, [*node.keywords[:i], *node.keywords[i+1:]])
        if len(node.args)>1: yield 'last argument',ast.Call(node.func, node.args[:-1], node.keywords)
        f = node.func
        if isinstance(f, ast.Attribute) and f.attr not in METHODS and not node.keywords and len(node.args)==0: yield 'call',f.value
    if isinstance(node, ast.Attribute) and node.attr in METHODS:
        yield METHODS[node.attr],node.value if node.attr in ('mT','conj') else ast.Attribute(node.value, METHODS[node.attr], node.ctx)
    if isinstance(node, ast.AugAssign) and type(node.op) in SWAPS: yield 'operator',ast.AugAssign(node.target, SWAPS[type(node.op)](), node.value)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call): yield 'left out',ast.Pass()

class Put(ast.NodeTransformer):
    "Puts `new` in the place of node number `at`"
    def __init__(self, at, new): self.at,self.new,self.n = at,new,-1
    def visit(self, node):
        self.n += 1
        if self.n==self.at: return ast.copy_location(copy.deepcopy(self.new), node)
        return self.generic_visit(node)

def left_alone(node):
    "Parts of a module that are no operation: VJPs and samples of the table of rules, texts of errors, decorators, annotations"
    if isinstance(node, ast.Call) and getattr(node.func, 'id', '')=='defvjp':
        return [*node.args[2:], *(k for k in node.keywords if k.arg in ('sample','check'))]
    if isinstance(node, (ast.Raise, ast.JoinedStr)): return [*ast.iter_child_nodes(node)]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and getattr(node.value.func, 'id', '')=='no': return [node.value]
    if isinstance(node, ast.FunctionDef):
        a = node.args
        return [*node.decorator_list, *([node.returns] if node.returns else []), *(p.annotation for p in [*a.args, *a.kwonlyargs] if p.annotation)]
    return []

def mutants(module, source):
    "Every change in the functions of a module: (key, statement, number of the node in it, the new node)"
    end,seen,lines = ENDS.get(module),defaultdict(int),source.split('\n')
    body = ast.parse(source).body
    imports = [o for o in body if isinstance(o, (ast.Import, ast.ImportFrom))]
    for top in body:
        if end and lines[top.lineno-1].startswith(end): return
        order,inside,no = [],[],set()
        def walk(node, name, depth, skip):
            if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
                name,depth = [*name, getattr(node, 'name', '<lambda>')],depth+(not isinstance(node, ast.ClassDef))
            if skip: no.add(len(order))
            order.append(node); inside.append(('.'.join(name), depth))
            less = left_alone(node)
            for c in ast.iter_child_nodes(node): walk(c, name, depth, skip or c in less)
        walk(top, [], 0, False)
        for n,(node,(name,depth)) in enumerate(zip(order, inside)):
            if n in no or not depth: continue
            for what,new in changes(node):
                was,now = (' '.join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(o))).split())[:100] for o in (node, new))
                if len(was)<12 and hasattr(node, 'lineno'):
                    line = lines[node.lineno-1]
                    was = f'{was} in {line.strip()[max(0, node.col_offset-len(line)+len(line.lstrip())-30):][:60]!r}'
                key = f'{module}:{name} | {what} | {was} -> {now}'
                seen[key] += 1
                yield key if seen[key]==1 else f'{key} ({seen[key]})',imports,top,n,new

# installing one

def codes(code, at=()):
    "Every code object in a compiled module, by its place"
    yield at,code
    for i,c in enumerate(o for o in code.co_consts if hasattr(o, 'co_code')): yield from codes(c, (*at, i))

def compiled(top, imports):
    "Code objects of a statement, in a module with the same imports: a call of what was imported is another instruction"
    return dict(codes(compile(ast.Module([*imports, top], []), 'm.py', 'exec')))

def defaults(top):
    "The defaults of each function in a statement, by its place in the walk"
    return [(o, [*o.args.defaults, *filter(None, o.args.kw_defaults)]) for o in ast.walk(top) if isinstance(o, (ast.FunctionDef, ast.Lambda))]

def reached(*change):
    "Which codes a change is in, found in a process of its own, where it is put in"
    r,w = os.pipe()
    if not (pid := os.fork()):
        try: os.write(w, ' '.join(str(id(c)) for c in install(*change)).encode())
        finally: os._exit(0)
    os.close(w)
    with os.fdopen(r, 'rb') as f: ids = f.read().split()
    os.waitpid(pid, 0)
    return frozenset(map(int, ids))

def install(imports, top, at, new, living):
    "Put the change into every living function; the code objects that tests have to reach, or none if it could not be put in"
    changed = ast.fix_missing_locations(Put(at, new).visit(copy.deepcopy(top)))
    try: a,b = compiled(top, imports),compiled(changed, imports)
    except SyntaxError: return []
    same = a.keys()==b.keys()                 # else an inner function came or went: the outermost is changed
    differ,reach = [k for k in a if k and k in b and a[k]!=b[k] and (same or len(k)==1)],[]
    for k in differ:
        fs = living.get(a[k], ())
        deepest = not any(o[:len(k)]==k for o in differ if o!=k)
        for f in fs:
            if not isinstance(f, type(install)): reach += [f] if deepest else []; continue
            if deepest: reach.append(f.__code__)      # by the code that it had, a test is known to reach it
            if len(b[k].co_freevars)!=len(f.__code__.co_freevars): return []
            f.__code__ = b[k]
    if differ: return reach
    for (o,was),(p,now) in zip(defaults(top), defaults(changed)):
        if [*map(ast.dump, was)]==[*map(ast.dump, now)]: continue
        name = getattr(o, 'name', '<lambda>')
        line = min(d.lineno for d in [o, *getattr(o, 'decorator_list', [])])
        fs = [f for c,fs in living.items() if (c.co_name,c.co_firstlineno)==(name, line) for f in fs if isinstance(f, type(install))]
        if not fs: return []
        for f in fs:
            value = lambda e: eval(compile(ast.Expression(e), 'm.py', 'eval'), f.__globals__)
            f.__defaults__ = tuple(map(value, p.args.defaults)) or None
            if f.__kwdefaults__: f.__kwdefaults__ = {k.arg: value(d) for k,d in zip(p.args.kwonlyargs, p.args.kw_defaults) if d is not None}
            reach.append(f.__code__)
    return reach

def living_functions(modules):
    "Functions that live, and code objects inside of them that become functions when they run, by their code"
    living = defaultdict(list)
    fs = [f for f in gc.get_objects() if type(f) is type(install) and f.__module__ in modules]
    for f in fs: living[f.__code__].append(f)
    for f in fs:
        for at,c in codes(f.__code__):
            if at and not any(c is o for o in living[c]): living[c].append(c)
    return living

# the tests

class Suite:
    "Statements of the pages and PyTorch's samples, each with the functions of ours that it reaches"
    def __init__(self, living):
        self.ids = {id(c if not isinstance(c, type(install)) else c.__code__) for cs in living.values() for c in cs}
        self.pages,self.of,self.twice = [],[],{}
    def trace(self, f):
        "Which watched functions `f` enters, by id of their code; or the error that it ends with"
        seen,ids = set(),self.ids
        def profile(frame, event, arg):
            if event=='call' and id(frame.f_code) in ids: seen.add(id(frame.f_code))
        sys.setprofile(profile)
        try: f()
        except Exception as e: return e
        finally: sys.setprofile(None)
        return seen
    def load(self, page, sections, modules):
        shared,steps,here = {k: v for m in modules for k,v in vars(m).items()} | {'__name__': '__main__'},[],True
        for n,c in enumerate(nbformat.read(root/'nbs'/f'{page}.ipynb', 4).cells):
            if c.source.startswith('## '): here = bool(re.match(f'## (?:{sections})', c.source))
            if c.cell_type!='code' or not here or re.search(r'^#\| ?(eval: ?false|exports?\b|default_exp)|del sys.modules', c.source, re.M): continue
            self.run('\n'.join(l for l in c.source.split('\n') if not l.startswith(('%', '!'))), f'{page}[{n}]', shared, steps)
        self.pages.append((shared, steps))
        return shared
    def run(self, source, where, shared, steps):
        "Statements, one by one; a name that one of them gives is remembered"
        for o in ast.parse(source).body:
            name,code,before = f'{where} line {o.lineno}',compile(ast.Module([o], []), where, 'exec'),dict(shared)
            hit = self.trace(lambda: exec(code, shared))
            if isinstance(hit, Exception): print(f'{name}: {type(hit).__name__}: {str(hit)[:150]}', file=sys.stderr); hit = set()
            steps.append([name, code, hit, {k: v for k,v in shared.items() if k not in before or before[k] is not v}])
    def more(self, file):
        shared,steps = self.pages[0]
        self.run(Path(file).read_text(encoding='utf-8'), Path(file).name, shared, steps)
    def samples(self, ns):
        ns['FULL'] = True
        for op in ns['differentiable']:
            if torch.float64 not in op.supported_dtypes('cpu'): continue
            for i,s in enumerate(ns['samples_of'](op, torch.float64, 8, True)):
                for way,order in (('direct', 1), ('record', 1), ('direct', 2))[:3 if op.supports_gradgrad and i<3 else 2]:
                    said,began = [],time.perf_counter()
                    def run(op=op, s=s, i=i, way=way, order=order): return ns['judge'](op, s, i, way, order)[0]
                    hit = self.trace(lambda: said.append(run()))
                    if not isinstance(hit, Exception) and said[0]=='pass' and hit:
                        self.of.append((f'{op.full_name}, sample {i}, {way}, order {order}', run, hit, time.perf_counter()-began))
    def not_twice(self, touched):
        "Statements that fail when they are run again though nothing is changed: they need what others, not run again, have made"
        if touched not in self.twice:
            r,w = os.pipe()
            if not (pid := os.fork()):
                null = os.open(os.devnull, os.O_WRONLY); os.dup2(null, 1); os.dup2(null, 2)
                bad = []
                for shared,steps in self.pages:
                    for name,code,hit,made in steps:
                        if not hit & touched: shared.update(made); continue
                        try: exec(code, shared)
                        except BaseException: bad.append(name); shared.update(made)
                with os.fdopen(w, 'w') as f: f.write('\n'.join(bad))
                os._exit(0)
            os.close(w)
            with os.fdopen(r) as f: self.twice[touched] = {*f.read().split('\n')}
            os.waitpid(pid, 0)
        return self.twice[touched]
    def caught(self, touched):
        "Which test fails now that the functions with the codes `touched` are changed; '' if none does"
        but = self.twice[touched]
        for shared,steps in self.pages:
            for name,code,hit,made in steps:
                if not hit & touched or name in but: shared.update(made); continue
                try: exec(code, shared)
                except Exception as e: return f'{name}: {type(e).__name__}: {str(e)[:100]}'
        near = sorted((o for o in self.of if o[2] & touched), key=lambda o: o[3])
        near = near[:20] + random.Random(0).sample(near[20:], min(len(near[20:]), SAMPLES))
        for name,run,_,_ in near:
            try: said = run()
            except Exception as e: return f'{name}: {type(e).__name__}'
            if said!='pass': return f'{name}: {said}'
        return ''

def judged(suite, living, *change):
    "In a process of its own: is the change caught?"
    touched = reached(*change, living)
    if not touched: return 'not installed'
    suite.not_twice(touched)
    r,w = os.pipe()
    pid = os.fork()
    if not pid:
        signal.alarm(SECONDS)
        null = os.open(os.devnull, os.O_WRONLY); os.dup2(null, 1); os.dup2(null, 2)
        try:
            install(*change, living)
            said = suite.caught(touched)
        except BaseException as e: said = f'{type(e).__name__}: {str(e)[:100]}'
        os.write(w, said.encode()[:500] or b'unseen'); os._exit(0)
    os.close(w)
    with os.fdopen(r, 'rb') as f: said = f.read().decode(errors='replace')
    os.waitpid(pid, 0)
    return said or 'killed: longer than a minute'

def main():
    ps = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    ps.add_argument('--part', default='1/1'); ps.add_argument('--only', default=''); ps.add_argument('--list', action='store_true')
    ps.add_argument('--out', help='a file for a line on each change')
    ps.add_argument('--keys', help='only the changes that stand in this file, a line each')
    ps.add_argument('--also', help='a Python file of tests to try: run after page 17, in its names; no samples and no other page')
    args = ps.parse_args()
    every = [(key, *rest) for m in ('ops','record') for key,*rest in mutants(m, (root/f'backprop_nbs/{m}.py').read_text(encoding='utf-8'))]
    every = [o for o in every if o[0].startswith(args.only)]
    if args.keys: keys = set(Path(args.keys).read_text(encoding='utf-8').split('\n')); every = [o for o in every if o[0] in keys]
    random.Random(0).shuffle(every)
    k,n = map(int, args.part.split('/'))
    every = every[k-1::n]
    if args.list: print(*(o[0] for o in every), sep='\n'); return
    equal = {l.rsplit(' # ', 1)[0].rstrip() for l in EQUAL.read_text(encoding='utf-8').split('\n') if ' # ' in l} if EQUAL.exists() else set()
    torch.set_num_threads(1); warnings.simplefilter('ignore')
    os.chdir(root/'nbs')
    import backprop_nbs.autograd                                    # noqa: F401
    began,living = time.time(),living_functions({'backprop_nbs.ops','backprop_nbs.record'})
    suite = Suite(living)
    for page,sections in [*PAGES.items()][:1 if args.also else None]:
        ns = suite.load(page, sections, [sys.modules[f'backprop_nbs.{m}'] for m in ('engine','ops','higher','record')])
        if page=='17_conformance': first = ns
    if args.also: suite.more(args.also)
    else: suite.samples(first)
    print(f'{len(every)} changes; {sum(len(s) for _,s in suite.pages)} statements and {len(suite.of)} samples to find them; '
          f'{time.time()-began:.0f} s to load', flush=True)
    gc.collect(); gc.freeze()
    said = {}
    out = open(args.out, 'w', encoding='utf-8', buffering=1) if args.out else None
    for i,(key,*change) in enumerate(every):
        said[key] = judged(suite, living, *change)
        if out: print(f'{said[key]}\t{key}', file=out)
        if i%200==199: print(f'{i+1} of {len(every)}, {time.time()-began:.0f} s', flush=True)
    unseen = [k for k,v in said.items() if v=='unseen' and k not in equal]
    none = [k for k,v in said.items() if v=='not installed']
    nothing = sum(v=='unseen' and k in equal for k,v in said.items())
    print(f'{len(every)} changes: {len(every)-len(unseen)-len(none)-nothing} caught, {nothing} change nothing, '
          f'{len(none)} could not be put in, {len(unseen)} passed unseen; {time.time()-began:.0f} s')
    print(*(f'unseen: {k}' for k in unseen), sep='\n')
    if unseen: sys.exit(1)

if __name__=='__main__': main()
