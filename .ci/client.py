"A first use of the package, for a type checker: it must find nothing"
import torch
from backprop_nbs.autograd import Tensor, grad, record
from backprop_nbs.check import check_grads
from backprop_nbs.modules import Lin, Relu, Model, CrossEntropy
from backprop_nbs.training import SGD

a, b = Tensor(3., requires_grad=True), Tensor(5., requires_grad=True)
c = a*b + a - 2*b/a + a**2 + a@b - (-a)
c.backward(retain_graph=True)
for s in c.steps(): print(s.tensor, s.g, s.to)
c.retain_grad()
print(f'{c:.3f}', c.sum().item(), a.grad, grad(c, a), grad(c, [a, b]))
model = Model([Lin.init(4, 3, seed=0), Relu(), Lin.init(3, 2)], CrossEntropy())
opt = SGD(model.parameters(), lr=.1)
loss = model(torch.randn(5, 4), torch.randint(0, 2, (5,)))
model.backward()
opt.step()
with record() as tape: l = torch.nn.Linear(2, 1)(torch.ones(1, 2)).sum()
tape.backward(l)
report = check_grads(lambda x: x.sin(), lambda g, out, x: g*x.cos(), torch.randn(3))
report.assert_ok()
model.train(); model.eval(); model.named_parameters()
