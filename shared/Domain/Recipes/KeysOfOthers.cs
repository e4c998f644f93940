namespace LamdAgent.Domain.Recipes;

/// <summary>Keys that people know from TRL, transformers and PEFT and that have another name or no counterpart here, with what to do instead: more help than the nearest word.</summary>
internal static class KeysOfOthers
{
    private const string Prompts = "max_length bounds prompt and answer together; overlong_rows and truncation_mode say what is cut";
    private const string Reference = "the reference stands still; train in stages, each with the result of the last as its model";
    private const string Log = "every step is logged, in metrics.jsonl of the output folder";
    private const string Adapters = "adapters are a mapping: lora: {r: 16, lora_alpha: 32, lora_dropout: 0.05, target_modules: all-linear}";
    private const string Generation = "answers are drawn with temperature, top_p and top_k, by the trainer itself";

    private static readonly Dictionary<string, string> Remedies = new(StringComparer.Ordinal)
    {
        ["max_prompt_length"] = Prompts,
        ["reference_free"] = "methods without a reference are cpo, simpo and orpo",
        ["rpo_alpha"] = "write loss_type: [sigmoid, sft] with loss_weights: [1, ALPHA]",
        ["sync_ref_model"] = Reference,
        ["ref_model_mixup_alpha"] = Reference,
        ["ref_model_sync_steps"] = Reference,
        ["seq_kd"] = "write the teacher's answers first (lamd generate) and train on them",
        ["steps_per_generation"] = "a step's answers are generated for it: gradient_accumulation_steps makes more of them, num_iterations uses them again",
        ["generation_batch_size"] = "a step's answers are generated for it: gradient_accumulation_steps makes more of them, num_iterations uses them again",
        ["min_p"] = Generation,
        ["repetition_penalty"] = Generation,
        ["use_vllm"] = Generation,
        ["optim"] = "the optimizer is AdamW; adam_beta1, adam_beta2, adam_epsilon and weight_decay are its settings",
        ["fp16"] = "use bf16 (precision: bfloat16)",
        ["label_smoothing_factor"] = "the likelihood is not smoothed; label_smoothing is for preferences",
        ["eval_strategy"] = "eval_steps says when: a number of steps, or a share of them below 1",
        ["save_strategy"] = "save_steps and save_seconds say when",
        ["logging_steps"] = Log,
        ["logging_strategy"] = Log,
        ["report_to"] = Log,
        ["output_dir"] = "the output folder is named on the command line: --output DIR",
        ["resume_from_checkpoint"] = "the same command goes on from its last checkpoint by itself",
        ["disable_dropout"] = "the dropout of a model's config is never applied",
        ["pad_to_multiple_of"] = "nothing is padded",
        ["dataset_text_field"] = "a row's text stands under 'text'",
        ["dataset_name"] = "dataset: FILE names a file of rows",
        ["eos_token"] = "tokens and chat template are those of the model's tokenizer files",
        ["chat_template_path"] = "tokens and chat template are those of the model's tokenizer files",
        ["load_in_4bit"] = "weights are not quantised; lora with bf16 needs 2 bytes a weight",
        ["load_in_8bit"] = "weights are not quantised; lora with bf16 needs 2 bytes a weight",
        ["use_peft"] = Adapters,
        ["peft_config"] = Adapters,
        ["lora_r"] = Adapters,
        ["lora_alpha"] = Adapters,
        ["lora_dropout"] = Adapters,
        ["lora_target_modules"] = Adapters,
        ["use_rslora"] = Adapters,
        ["use_dora"] = Adapters,
    };

    /// <summary>What to do instead, or null for a key that nobody has.</summary>
    public static string? Remedy(string key) => Remedies.GetValueOrDefault(key);
}
