#!/usr/bin/env python3
"""Families of models, tiny and random, by `record` beside torch's autograd: every gradient of every parameter, in float64.

    python .ci/families.py                 all whose package is installed; a line of JSON for each
    python .ci/families.py Llama swin      these
    python .ci/families.py --device cuda   on a GPU

Wants transformers==4.57.3 or timm (with the torchvision of your torch) or both, in an environment of their own. Nothing is
downloaded: the weights are random. Exits with 1 if one differs.
"""
import argparse, json, sys, time, warnings
from importlib.util import find_spec
import torch
torch.float32 = torch.float = torch.float64     # libraries that cast to float32 inside would limit what can be compared
torch.Tensor.float = torch.Tensor.double
torch.set_default_dtype(torch.float64)
from backprop_nbs.autograd import record

SMALL = dict(vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24, max_position_embeddings=32)
VIT = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24, image_size=16, patch_size=8)
GROUPED = dict(SMALL, num_key_value_heads=2)
T5 = dict(vocab_size=40, d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=4)
BART = dict(vocab_size=40, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=4,
            encoder_ffn_dim=24, decoder_ffn_dim=24, max_position_embeddings=32)
WHISPER = {**BART, 'num_mel_bins':8, 'max_source_positions':12, 'max_target_positions':16, 'pad_token_id':0, 'bos_token_id':1,
           'eos_token_id':2, 'decoder_start_token_id':1}
WAV = dict(SMALL, conv_dim=(8,8), conv_stride=(4,2), conv_kernel=(8,4), num_feat_extract_layers=2, num_conv_pos_embeddings=8,
           num_conv_pos_embedding_groups=2, layerdrop=0., mask_time_prob=0.)
SEGFORMER = dict(hidden_sizes=[8,16], depths=[1,1], num_encoder_blocks=2, sr_ratios=[2,1], patch_sizes=[7,3], strides=[4,2],
                 num_attention_heads=[1,2], mlp_ratios=[2,2], decoder_hidden_size=16)

def ids(*shape): return torch.randint(3, 40, shape)
def text(): return dict(input_ids=ids(2, 7))
def masked():                       # right padding, as for an encoder
    return dict(text(), attention_mask=torch.tensor([[1]*7, [1]*4+[0]*3]))
def left_padded(): return dict(text(), attention_mask=torch.tensor([[1]*7, [0]*3+[1]*4]))
def both_ways(): return dict(masked(), decoder_input_ids=ids(2, 5))
def image(n=16): return dict(pixel_values=torch.randn(2, 3, n, n))

# a family: the beginning of its classes' names, the rest of the model's, its options, its input
TRANSFORMERS = {
    'BERT': ('Bert', 'ForMaskedLM', SMALL, masked), 'RoBERTa': ('Roberta', 'ForMaskedLM', SMALL, masked),
    'DistilBERT': ('DistilBert', 'ForMaskedLM', dict(vocab_size=40, dim=16, n_layers=2, n_heads=4, hidden_dim=24), masked),
    'DeBERTa': ('DebertaV2', 'ForMaskedLM', dict(SMALL, relative_attention=True, pos_att_type=['p2c','c2p'], position_buckets=8), masked),
    'GPT-2': ('GPT2', 'LMHeadModel', dict(vocab_size=40, n_embd=16, n_layer=2, n_head=4, n_positions=32), left_padded),
    'Llama': ('Llama', 'ForCausalLM', GROUPED, left_padded), 'Mistral': ('Mistral', 'ForCausalLM', GROUPED, left_padded),
    'Mixtral': ('Mixtral', 'ForCausalLM', dict(GROUPED, num_local_experts=4), text),
    'Qwen2': ('Qwen2', 'ForCausalLM', GROUPED, left_padded),
    'Gemma2': ('Gemma2', 'ForCausalLM', dict(GROUPED, head_dim=4), text),
    'T5': ('T5', 'ForConditionalGeneration', T5, both_ways), 'BART': ('Bart', 'ForConditionalGeneration', BART, both_ways),
    'ViT': ('ViT', 'ForImageClassification', VIT, image),
    'CLIP': ('CLIP', 'Model', dict(text_config=SMALL, vision_config=VIT, projection_dim=8), lambda: {**masked(), **image()}),
    'Whisper': ('Whisper', 'ForConditionalGeneration', WHISPER,
                lambda: dict(input_features=torch.randn(2, 8, 24), decoder_input_ids=ids(2, 5))),
    'Wav2Vec2': ('Wav2Vec2', 'ForCTC', WAV, lambda: dict(input_values=torch.randn(2, 200))),
    'Mamba': ('Mamba', 'ForCausalLM', dict(vocab_size=40, hidden_size=16, num_hidden_layers=2, state_size=4), text),
    'RWKV': ('Rwkv', 'ForCausalLM', dict(vocab_size=40, hidden_size=16, num_hidden_layers=2, context_length=32), text),
    'ConvNeXt': ('ConvNext', 'ForImageClassification', dict(hidden_sizes=[8,8,16,16], depths=[1,1,1,1]), lambda: image(32)),
    'SegFormer': ('Segformer', 'ForSemanticSegmentation', SEGFORMER, lambda: image(32))}
TIMM = {'resnet': ('resnet10t', {}, 64), 'efficientnet': ('efficientnet_lite0', {}, 96),
        'swin': ('swin_tiny_patch4_window7_224', dict(img_size=32, window_size=4, embed_dim=12, depths=(2,2), num_heads=(2,2)), 32),
        'maxvit': ('maxvit_rmlp_pico_rw_256', dict(img_size=64), 64),
        'nfnet': ('nfnet_l0', {}, 32), 'hrnet': ('hrnet_w18_small', {}, 64)}

def of_transformers(name):
    "A model and its arguments"
    import transformers
    transformers.logging.set_verbosity_error()
    first,rest,options,given = TRANSFORMERS[name]
    config = getattr(transformers, first+'Config')(**options)
    config.use_cache = False
    return getattr(transformers, first+rest)(config),given()

def of_timm(name):
    import timm
    model,options,n = TIMM[name]
    model = timm.create_model(model, num_classes=5, **options)
    return model,dict(x=torch.randn(2, 3, n, n))

def loss_of(out):
    "One number of all float results, along random directions"
    gen = torch.Generator('cpu').manual_seed(0)
    outs = [out] if isinstance(out, torch.Tensor) else [o for o in out.to_tuple() if isinstance(o, torch.Tensor)]
    def along(o): return torch.randn(o.shape, generator=gen, device='cpu').to(o.device)
    return sum((o*along(o)).sum() for o in outs if o.is_floating_point() and o.requires_grad)

def gradients(model, given, ours):
    "Loss and gradients of the parameters, in training, dropout and all"
    for p in model.parameters(): p.grad = None
    torch.manual_seed(1)
    if ours:
        with record(check=True) as tape: loss = loss_of(model(**given))
        tape.backward(loss)
    else:
        loss = loss_of(model(**given))
        loss.backward()
    return loss.item(),{k: p.grad for k,p in model.named_parameters()}

def compare(name):
    "One family: its largest relative difference, or what was raised"
    torch.manual_seed(0)
    model,given = (of_transformers if name in TRANSFORMERS else of_timm)(name)
    model.train()
    start = {k: v.clone() for k,v in model.state_dict().items()}
    try: want,expected = gradients(model, given, False)
    except RuntimeError as e: return dict(family=name, ok=False, error=f'torch: {e}')
    model.load_state_dict(start)
    began = time.time()
    try: got,ours = gradients(model, given, True)
    except Exception as e: return dict(family=name, ok=False, error=f'{type(e).__name__}: {e}')
    top = max(g.abs().max().item() for g in expected.values() if g is not None)
    far = [abs(got-want)/max(1, abs(want))]
    for k,e in expected.items():
        if (e is None)!=(ours[k] is None): return dict(family=name, ok=False, error=f'{k}: only one of the two gives a gradient')
        if e is not None: far.append(((ours[k]-e).abs().max()/top).item())
    return dict(family=name, parameters=sum(g is not None for g in expected.values()), difference=max(far),
                seconds=round(time.time()-began, 1), ok=max(far)<1e-10)

def installed(): return [n for package,names in (('transformers',TRANSFORMERS), ('timm',TIMM)) if find_spec(package) for n in names]

def main():
    warnings.simplefilter('ignore')
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('families', nargs='*')
    parser.add_argument('--device', default='cpu')
    asked,bad = parser.parse_args(),0
    torch.set_default_device(asked.device)
    for name in asked.families or installed():
        row = compare(name)
        bad += not row['ok']
        print(json.dumps(row), flush=True)
    sys.exit(bad>0)

if __name__=='__main__': main()
