"""PyTorch's decoding and training of the same weights, eager, on the CPU: the frame is that of worker.ts.

Written to be PyTorch's best without a compiler: one product for q, k, v and one for gate and up; a key-value cache made
once, [B, K, Tmax, S], read in place; query heads of one key-value head grouped in the product instead of repeated keys;
a prompt computed once for its samples; sampling on the whole batch.
"""

import json
import math
import resource
import sys
import time

import numpy
import torch
import torch.nn.functional as F


class Model:
    def __init__(self, folder):
        with open(f"{folder}/layout.json") as file:
            layout = json.load(file)
        c = layout["config"]
        self.d, self.layers, self.vocabulary = c["hidden_size"], c["num_hidden_layers"], c["vocab_size"]
        self.H, self.K, self.S = c["num_attention_heads"], c["num_key_value_heads"], c["head_dim"]
        self.G, self.F, self.eps, self.theta = self.H // self.K, c["intermediate_size"], c["rms_norm_eps"], c["rope_theta"]
        flat = torch.from_numpy(numpy.fromfile(f"{folder}/weights.f32", dtype=numpy.float32))
        raw = {p["name"]: flat[p["offset"] : p["offset"] + p["size"]].view(p["shape"]) for p in layout["parameters"]}
        self.weights = []  # by layer: norms [d], [S]; products [in, out]
        for layer in range(self.layers):
            at = f"model.layers.{layer}"
            get = lambda *names: torch.cat([raw[f"{at}.{name}.weight"] for name in names], -1).clone()
            self.weights.append(
                {
                    "norm1": get("input_layernorm"),
                    "qkv": get("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
                    "q_norm": get("self_attn.q_norm"),
                    "k_norm": get("self_attn.k_norm"),
                    "o": get("self_attn.o_proj"),
                    "norm2": get("post_attention_layernorm"),
                    "gate_up": get("mlp.gate_proj", "mlp.up_proj"),
                    "down": get("mlp.down_proj"),
                }
            )
        self.embedding = raw["model.embed_tokens.weight"].clone()
        self.norm = raw["model.norm.weight"].clone()
        self.cos, self.sin = {}, {}

    def parameters(self):
        return [self.embedding, self.norm] + [w for layer in self.weights for w in layer.values()]

    def rms(self, x, weight):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * weight

    def tables(self, length):
        angle = torch.arange(length)[:, None] * self.theta ** (-torch.arange(self.S // 2) / (self.S // 2))
        return torch.cos(angle), torch.sin(angle)  # [T, S/2]

    def rotate(self, x, cos, sin):  # x [B, T, heads, S], cos [T, S/2]
        a, b = x.chunk(2, -1)
        cos, sin = cos[:, None], sin[:, None]
        return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)

    def forward(self, tokens, cos, sin, attend):
        """Final hidden states [B, T, d]. attend(layer, q [B, K, G·T, S], k, v [B, K, T, S]) → [B, K, G·T, S]."""
        B, T = tokens.shape
        H, K, G, S = self.H, self.K, self.G, self.S
        x = self.embedding[tokens]
        for layer, w in enumerate(self.weights):
            q, k, v = (self.rms(x, w["norm1"]) @ w["qkv"]).split([H * S, K * S, K * S], -1)
            q = self.rotate(self.rms(q.reshape(B, T, H, S), w["q_norm"]), cos, sin)
            k = self.rotate(self.rms(k.reshape(B, T, K, S), w["k_norm"]), cos, sin)
            q = q.view(B, T, K, G, S).permute(0, 2, 3, 1, 4).reshape(B, K, G * T, S)
            mixed = attend(layer, q, k.transpose(1, 2), v.reshape(B, T, K, S).transpose(1, 2))
            mixed = mixed.view(B, K, G, T, S).permute(0, 3, 1, 2, 4).reshape(B, T, H * S)
            x = x + mixed @ w["o"]
            gate, up = (self.rms(x, w["norm2"]) @ w["gate_up"]).chunk(2, -1)
            x = x + (F.silu(gate) * up) @ w["down"]
        return self.rms(x, self.norm)

    def whole(self, tokens, keep=None):
        """Logits [B, T, V] of whole sequences; `keep(layer, k, v)` gets their keys and values."""
        B, T = tokens.shape
        cos, sin = self.tables(T)
        mask = torch.full((T, T), -1e9).triu(1).repeat(self.G, 1)  # [G·T, T]

        def attend(layer, q, k, v):
            if keep is not None:
                keep(layer, k, v)
            return F.softmax(q @ k.transpose(-1, -2) / math.sqrt(self.S) + mask, -1) @ v

        return self.forward(tokens, cos, sin, attend) @ self.embedding.t()

    @torch.inference_mode()
    def generate(self, prompts, samples, count, greedy):
        """`samples` continuations of `count` tokens of each prompt (all of one length): tokens and log-probabilities."""
        P, T = prompts.shape
        B, longest = P * samples, T + count
        cache = [[torch.empty(B, self.K, longest, self.S) for _ in range(2)] for _ in range(self.layers)]

        def keep(layer, k, v):
            for part, x in zip(cache[layer], (k, v)):
                part[:, :, :T] = x.repeat_interleave(samples, 0)

        scores = self.whole(prompts, keep)[:, -1].repeat_interleave(samples, 0)
        cos, sin = self.tables(longest)
        tokens, logprobs = [], []
        for t in range(T, longest):
            logs = F.log_softmax(scores, -1)
            # exp(logs) / Exponential(1) is largest at each token with its probability.
            picked = (logs if greedy else logs.exp() / torch.empty_like(logs).exponential_()).argmax(-1, keepdim=True)
            tokens.append(picked)
            logprobs.append(logs.gather(-1, picked))
            if t == longest - 1:
                break

            def attend(layer, q, k, v):
                keys, values = cache[layer]
                keys[:, :, t : t + 1] = k
                values[:, :, t : t + 1] = v
                shares = F.softmax((q / math.sqrt(self.S)) @ keys[:, :, : t + 1].transpose(-1, -2), -1)
                return shares @ values[:, :, : t + 1]

            hidden = self.forward(picked, cos[t : t + 1], sin[t : t + 1], attend)[:, 0]
            scores = hidden @ self.embedding.t()
        return torch.cat(tokens, 1), torch.cat(logprobs, 1)


def agree(model, job):
    prompts, forced = torch.tensor(job["prompts"]), torch.tensor(job["continuations"])
    greedy, _ = model.generate(prompts, 1, job["newTokens"], True)
    with torch.inference_mode():
        logs = F.log_softmax(model.whole(torch.cat((prompts, forced), 1)[:, :-1]), -1)
        logprobs = logs[:, prompts.shape[1] - 1 :].gather(-1, forced[..., None])[..., 0]
    return {"greedy": greedy.tolist(), "logprobs": logprobs.tolist()}


def decoder(model, job):
    prompts = torch.tensor(job["prompts"])

    def step():
        model.generate(prompts, job["samples"], job["newTokens"], False)
        return prompts.shape[0] * job["samples"] * job["newTokens"]

    return step


def trainer(model, job):
    """GRPO's clipped objective with fixed advantages, clipped gradients, AdamW: what rzero-worker.ts asks of rzero."""
    sequences = torch.tensor(job["sequences"])
    inputs, targets = sequences[:, :-1].contiguous(), sequences[:, 1:].contiguous()
    advantages = torch.tensor(job["advantages"], dtype=torch.float32)[:, None]
    behaviour = torch.full(targets.shape, -math.log(model.vocabulary))
    parameters = [p.requires_grad_() for p in model.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-5, betas=(0.9, 0.99), weight_decay=0.01, foreach=True)

    def step():
        logits = model.whole(inputs)
        logprobs = F.log_softmax(logits, -1).gather(-1, targets[..., None])[..., 0]
        ratio = (logprobs - behaviour).exp()
        loss = -torch.minimum(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return targets.numel()

    return step


def main():
    with open(sys.argv[1]) as file:
        job = json.load(file)
    torch.set_num_threads(job["settings"]["threads"])
    model = Model(job["modelFolder"])
    if job["task"] == "agree":
        print(json.dumps(agree(model, job)))
        return
    step = decoder(model, job) if job["task"] == "decode" else trainer(model, job)
    step()
    print("ready", flush=True)
    sys.stdin.readline()
    start, cpu, tokens = time.perf_counter(), time.process_time(), 0
    while True:
        tokens += step()
        seconds = time.perf_counter() - start
        if seconds >= job["seconds"]:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    cpu_seconds = time.process_time() - cpu
    print(json.dumps({"tokens": tokens, "seconds": seconds, "cpuSeconds": cpu_seconds, "peakMemoryBytes": peak}))


main()
