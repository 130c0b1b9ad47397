"Backpropagation you can run: every gradient by hand, and the tools that tell whether a backward pass is right"
__version__ = "0.1.0"

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

class _Called(ModuleType):
    "A module that has a function of its own name, and may be called for it: `backprop_nbs.record()`"
    def __call__(self, *args, **kwargs): return getattr(self, self.__name__.rpartition('.')[2])(*args, **kwargs)

class _Package(ModuleType):
    def __setattr__(self, k, v):
        if isinstance(v, ModuleType) and k in ('record', 'derive'): v.__class__ = _Called
        super().__setattr__(k, v)

sys.modules[__name__].__class__ = _Package

def __getattr__(name):
    "`backprop_nbs.check_grads` and its like: the module is imported when it is asked for"
    if not name.startswith('_'):
        from ._modidx import d
        homes = [m for m,names in d['syms'].items() if f'{m}.{name}' in names]
        if find_spec(f'{__name__}.{name}') is not None: return import_module(f'{__name__}.{name}')
        if homes: return getattr(import_module(homes[0]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
