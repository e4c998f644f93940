using System.CommandLine;
using LamdAgent.Domain;
using LamdAgent.Modeling.Adapters;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Native;
using TorchSharp;

namespace LamdAgent.Standalone.Commands;

/// <summary>The options of every command that computes with a model.</summary>
internal sealed class ModelArguments
{
    private readonly Option<string> model = new("--model") { Description = "Model folder (config.json, safetensors)", Required = true };
    private readonly Option<string?> adapter = new("--adapter") { Description = "LoRA adapters in PEFT's layout, to be used on top" };
    private readonly Option<string> dtype = new("--dtype") { Description = "What to compute in: float32, bfloat16 or float16", DefaultValueFactory = _ => "float32" };
    private readonly Option<string> device = new("--device") { Description = "cpu, cuda or cuda:N", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int?> threads = new("--threads") { Description = "Threads for tensor operations; default: one for each core" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { model, adapter, dtype, device, threads })
        {
            command.Options.Add(option);
        }
    }

    public string Folder(ParseResult arguments) => arguments.GetValue(model)!;

    public CausalLanguageModel Load(ParseResult arguments) => Load(arguments, CausalLanguageModel.Load);

    public CausalLanguageModel LoadRewardModel(ParseResult arguments) => Load(arguments, (folder, loading) => CausalLanguageModel.LoadRewardModel(folder, loading));

    private CausalLanguageModel Load(ParseResult arguments, Func<string, ModelLoading, CausalLanguageModel> load)
    {
        var count = arguments.GetValue(threads);
        if (count < 1)
        {
            throw new InvalidInputException($"--threads must be at least 1, not {count}");
        }

        TorchRuntime.Initialize(count);
        var loaded = load(Folder(arguments), new ModelLoading { Device = DeviceOf(arguments.GetValue(device)!), Dtype = DtypeOf(arguments.GetValue(dtype)!) });
        if (arguments.GetValue(adapter) is { } folder)
        {
            LoraAdapters.Load(loaded, folder);
        }

        return loaded;
    }

    private static torch.Device DeviceOf(string name)
    {
        if (name == "cpu")
        {
            return torch.CPU;
        }

        var index = 0;
        if (name != "cuda" && !(name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), out index) && index >= 0))
        {
            throw new InvalidInputException($"--device must be cpu, cuda or cuda:N, not '{name}'");
        }

        return torch.cuda.is_available() && index < torch.cuda.device_count()
            ? torch.device(DeviceType.CUDA, index)
            : throw new InvalidInputException($"--device {name}: no such GPU here (the CPU build of libtorch sees none; GPU images are built with -p:Torch=cuda)");
    }

    private static torch.ScalarType DtypeOf(string name) => name switch
    {
        "float32" => torch.ScalarType.Float32,
        "bfloat16" => torch.ScalarType.BFloat16,
        "float16" => torch.ScalarType.Float16,
        _ => throw new InvalidInputException($"--dtype must be float32, bfloat16 or float16, not '{name}'"),
    };
}
