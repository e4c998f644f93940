using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LamdAgent.Domain.Recipes;

/// <summary>The way back from a recipe to the flat keys of its file, defaults filled in: what stands in lamd.json can be copied into a recipe.</summary>
internal static class RecipeKeys
{
    private static readonly JsonSerializerOptions SnakeCase = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    // Where a property and its key have different names.
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["train"] = "dataset", ["eval"] = "eval_dataset", ["reward_models"] = "reward_model", ["rank"] = "r", ["alpha"] = "lora_alpha", ["dropout"] = "lora_dropout",
    };

    public static JsonObject Of(TrainingRecipe recipe)
    {
        var keys = new JsonObject { ["method"] = TrainingRecipe.NameOf(recipe.Method) };
        Add("model", recipe.Model);
        Add("ref_model", recipe.RefModel);
        Add("init", recipe.Init);
        AddAll(recipe.Data);
        AddAll(recipe.Optimization);
        if (recipe.Method is TrainingMethod.Cpt or TrainingMethod.Sft)
        {
            Add("loss_type", recipe.SftLossType);
        }

        AddAll<object?>(recipe.Method switch
        {
            >= TrainingMethod.Dpo and <= TrainingMethod.Reward => recipe.Preference,
            TrainingMethod.Grpo or TrainingMethod.Rloo => recipe.Reinforcement,
            TrainingMethod.Distillation or TrainingMethod.Gkd => recipe.Distillation,
            _ => null,
        });
        AddAll(recipe.Run);
        if (recipe.Lora is { } lora)
        {
            var adapters = JsonSerializer.SerializeToNode(lora, SnakeCase)!.AsObject();
            keys["lora"] = new JsonObject(adapters.Where(p => p.Value is not JsonArray { Count: 0 } and not JsonObject { Count: 0 }).Select(p => KeyValuePair.Create(Renamed.GetValueOrDefault(p.Key, p.Key), p.Value?.DeepClone())));
        }

        if (keys["lr_scheduler_kwargs"] is JsonObject numbers)
        {
            switch (recipe.Optimization.LrSchedulerType)
            {
                case "warmup_stable_decay":
                    numbers["decay_type"] = recipe.Optimization.DecayType;
                    numbers["warmup_type"] = recipe.Optimization.WarmupType;
                    break;
                case OptimizationSettings.ReduceOnPlateau:
                    numbers["threshold_mode"] = recipe.Optimization.ThresholdMode;
                    break;
            }
        }

        return keys;

        void AddAll<T>(T section)
        {
            if (section is null)
            {
                return;
            }

            foreach (var (name, value) in JsonSerializer.SerializeToNode(section, section.GetType(), SnakeCase)!.AsObject())
            {
                Add(section is PreferenceSettings ? name : Renamed.GetValueOrDefault(name, name), value);
            }
        }

        // Properties that the method has no key for hold defaults that mean nothing here.
        void Add(string key, JsonNode? value)
        {
            if (value is not null and not JsonArray { Count: 0 } && TrainingRecipe.Keys.TryGetValue(key, out var methods) && methods.Contains(recipe.Method))
            {
                keys[key] = value.DeepClone();
            }
        }
    }
}
