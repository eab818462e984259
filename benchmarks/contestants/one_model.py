"""The same networks, one a fold, trained each by itself, stacked by vmap, or in grouped convolutions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

RATE, CLIP = 1e-3, 1.0


def clip_each(parameters: Iterable[Tensor], folds: int) -> None:
    """Clip each fold's gradient by its own norm; folds lie one after another along the first axis."""
    views = [one.grad.unflatten(0, (folds, -1)) for one in parameters if one.grad is not None]
    squares = torch.stack([view.square().sum(dim=tuple(range(1, view.ndim))) for view in views]).sum(0)
    shares = (CLIP / (squares.sqrt() + 1e-6)).clamp(max=1)
    for view in views:
        view.mul_(shares.view(-1, *[1] * (view.ndim - 1)))


class Alone:
    """Each fold's network by itself: `(folds, b, steps, channels) → (folds, b, outputs)` for the folds that are named."""

    def __init__(self, nets: Sequence[nn.Module]):
        self.nets = nets
        self.optimizers = [torch.optim.AdamW(net.parameters(), RATE, fused=True) for net in nets]

    def outputs(self, X: Tensor) -> Tensor:
        return torch.stack([net(x) for net, x in zip(self.nets, X, strict=True)])

    def fold_step(self, fold: int, X: Tensor, y: Tensor) -> None:
        net, optimizer = self.nets[fold], self.optimizers[fold]
        functional.cross_entropy(net(X), y).backward()
        nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad()

    def step(self, X: Tensor, y: Tensor) -> None:
        for fold in range(len(self.nets)):
            self.fold_step(fold, X[fold], y[fold])


class Together:
    """All folds in one model and one optimizer: AdamW acts on each number alone, so folds do not mix there."""

    def __init__(self, folds: int, parameters: Sequence[Tensor]):
        self.folds, self.parameters = folds, parameters
        self.optimizer = torch.optim.AdamW(parameters, RATE, fused=True)

    def outputs(self, X: Tensor) -> Tensor:
        """`(folds, b, steps, channels) → (folds, b, outputs)`"""
        raise NotImplementedError

    def step(self, X: Tensor, y: Tensor) -> None:
        outputs = self.outputs(X)
        # the sum over folds of each fold's mean
        (functional.cross_entropy(outputs.flatten(0, 1), y.flatten()) * self.folds).backward()
        clip_each(self.parameters, self.folds)
        self.optimizer.step()
        self.optimizer.zero_grad()


class Stacked(Together):
    """Any network that vmap can take: weights stacked along a first axis."""

    def __init__(self, nets: Sequence[nn.Module]):
        for net in nets:
            for layer in net.modules():
                if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                    layer.num_batches_tracked = None  # a counter that is not needed, added to in place
                if hasattr(layer, "inplace"):
                    layer.inplace = False
        # torch.func.stack_module_state wants one class; a spec's build() makes a new one each time
        self.weights = {
            name: torch.stack([dict(net.named_parameters())[name].detach() for net in nets]).requires_grad_()
            for name, _ in nets[0].named_parameters()
        }
        self.buffers = {
            name: torch.stack([dict(net.named_buffers())[name] for net in nets])
            for name, _ in nets[0].named_buffers()
        }
        net = nets[0]

        def of_fold(weights: dict[str, Tensor], buffers: dict[str, Tensor], X: Tensor) -> Tensor:
            made: Tensor = torch.func.functional_call(net, (weights, buffers), (X,))
            return made

        self.call = torch.func.vmap(of_fold, randomness="different")
        super().__init__(len(nets), list(self.weights.values()))

    def outputs(self, X: Tensor) -> Tensor:
        made: Tensor = self.call(self.weights, self.buffers, X)
        return made


class Grouped(Together):
    """`conv_residual` by hand: the folds' channels side by side, one group of filters a fold."""

    def __init__(self, nets: Sequence[nn.Module]):
        self.net = _GroupedNet(nets).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        super().__init__(len(nets), list(self.net.parameters()))

    def outputs(self, X: Tensor) -> Tensor:
        made: Tensor = self.net(X)
        return made


class _GroupedNet(nn.Module):
    def __init__(self, nets: Sequence[nn.Module]):
        super().__init__()
        self.folds, first = len(nets), nets[0]
        self.spatial, self.dropout = first.spatial_dropout.p, first.dropout.p
        paths = [f"blocks.{i}" for i in range(len(first.blocks))]

        def side_by_side(path: str) -> nn.Conv2d:
            return self._convolution([net.get_submodule(path) for net in nets])

        self.convolutions = nn.ModuleList(
            nn.ModuleList(side_by_side(f"{path}.convolutions.{j}") for j in range(3)) for path in paths
        )
        self.norms = nn.ModuleList(
            nn.ModuleList(
                nn.BatchNorm2d(self.folds * first.blocks[0].norms[0].num_features) for _ in range(3)
            )
            for _ in paths
        )  # a new network's: ones and zeros
        self.dense = nn.Parameter(torch.stack([net.dense.weight.detach().T for net in nets]))
        self.norm = nn.BatchNorm1d(self.folds * first.dense.out_features)
        self.last = nn.Parameter(torch.stack([net.last.weight.detach().T for net in nets]))
        self.bias = nn.Parameter(torch.stack([net.last.bias.detach()[None] for net in nets]))

    def _convolution(self, layers: Sequence[nn.Module]) -> nn.Conv2d:
        one = layers[0]
        assert isinstance(one, nn.Conv2d)
        made = nn.Conv2d(
            self.folds * one.in_channels, self.folds * one.out_channels, (1, one.kernel_size[1]),
            padding="same", bias=False, groups=self.folds,
        )  # fmt: skip
        made.weight = nn.Parameter(torch.cat([layer.weight.detach() for layer in layers]))
        return made

    def forward(self, X: Tensor) -> Tensor:
        k, b, steps, channels = X.shape
        x = X.permute(1, 0, 3, 2).reshape(b, k * channels, 1, steps)
        x = x.contiguous(memory_format=torch.channels_last)
        for i, ((c0, c1, c2), (n0, n1, n2)) in enumerate(zip(self.convolutions, self.norms)):
            x = functional.dropout2d(
                functional.max_pool2d(x, (1, 3)) if i else x, self.spatial, self.training
            )
            first = c0(x)
            x = functional.elu(n0(first), inplace=True)
            x = functional.elu(n1(c1(x)), inplace=True)
            x = functional.elu(n2(c2(x) + first), inplace=True)
        x = x.mean(dim=(2, 3)).view(b, k, -1).transpose(0, 1)
        x = self.norm(torch.bmm(x, self.dense).transpose(0, 1).reshape(b, -1))
        x = functional.dropout(functional.elu(x), self.dropout, self.training)
        return torch.baddbmm(self.bias, x.view(b, k, -1).transpose(0, 1), self.last)
