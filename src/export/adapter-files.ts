import type { DecoderConfig } from '../lm/architecture.js';
import { asInFile, fileShape } from '../lm/file-layout.js';
import { type LoraSettings, loraLayout } from '../lm/lora.js';
import { type ExportFile, jsonFile } from './export-file.js';
import { safetensorsFile } from './safetensors-files.js';

/** A LoRA policy as PEFT saves one: `adapter_model.safetensors` and `adapter_config.json`. Adapters are flat, as `loraLayout`
 *  lays them out, and stay in float32; `base` is where PEFT finds the base model: a folder or a name on the Hub.
 *  https://github.com/huggingface/peft (src/peft/utils/save_and_load.py, src/peft/tuners/lora/config.py) */
export function adapterFiles(
  config: DecoderConfig,
  lora: LoraSettings,
  adapters: Float32Array,
  base: string,
): ExportFile[] {
  const specs = loraLayout(config, lora).parameters.map((parameter) => ({
    name: parameter.name,
    shape: fileShape(parameter),
    data: () => asInFile(parameter, adapters),
  }));
  return [
    safetensorsFile('adapter_model.safetensors', specs, 'f32'),
    jsonFile('adapter_config.json', settings(lora, base)),
  ];
}

/** What PEFT's LoraConfig is made of; the fields left out have its defaults. */
function settings({ rank, alpha, targets }: LoraSettings, base: string): object {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: base,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: rank,
    rank_pattern: {},
    revision: null,
    target_modules: targets,
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: false,
  };
}
