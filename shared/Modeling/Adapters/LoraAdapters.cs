using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Adapters;

/// <summary>
/// Low-rank adapters on a model whose own weights stand still: W x becomes W x + s B A x. Attached to a model, they take part in everything it computes;
/// their matrices lie in one flat buffer as a model's do. PEFT reads and writes the same folders.
/// </summary>
public sealed class LoraAdapters : IDisposable
{
    private readonly CausalLanguageModel model;
    private readonly Dictionary<Projection, LoraModule?[]> modules;
    private readonly int? scoreSlot;

    private LoraAdapters(CausalLanguageModel model, LoraConfiguration configuration, Dictionary<Projection, LoraModule?[]> modules, ParameterLayout layout, int? scoreSlot)
    {
        this.model = model;
        this.modules = modules;
        this.scoreSlot = scoreSlot;
        Configuration = configuration;
        Parameters = new FlatParameters(layout, ScalarType.Float32, model.Dtype, model.Device);
    }

    /// <summary>Their shape.</summary>
    public LoraConfiguration Configuration { get; }

    /// <summary>Their matrices; float32 master. Names are the module's with <c>.lora_A.weight</c>, <c>.lora_B.weight</c>, <c>.lora_magnitude_vector</c>.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>New adapters, attached and trainable; the model's own weights are frozen. A is uniform as a linear layer starts, B is 0: nothing changes until training.</summary>
    /// <exception cref="InvalidInputException">A target matches no module.</exception>
    public static LoraAdapters Attach(CausalLanguageModel model, LoraConfiguration configuration, long seed)
    {
        RefuseIdleTargets(model, configuration);
        var adapters = Build(model, configuration);
        using (no_grad())
        {
            using var generator = new Generator((ulong)seed, CPU);
            adapters.Start(generator);
        }

        return adapters.Activate(trainable: true);
    }

    /// <summary>Adapters from a PEFT folder, attached.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="folder">Holds adapter_config.json and adapter_model.safetensors.</param>
    /// <param name="trainable">Whether they are going to be trained further.</param>
    /// <exception cref="InvalidInputException">The folder is not sound, or the adapters do not fit the model.</exception>
    public static LoraAdapters Load(CausalLanguageModel model, string folder, bool trainable = false)
    {
        var adapters = Build(model, PeftFiles.ReadConfig(folder, model.Spec));
        using var file = SafetensorsFile.Open(Path.Combine(folder, PeftFiles.WeightFile));
        using var noGrad = no_grad();
        var pieces = adapters.Parameters.Layout.Pieces.ToDictionary(p => PeftFiles.Prefix + p.Name, StringComparer.Ordinal);
        foreach (var tensor in file.InOrder)
        {
            if (!pieces.Remove(tensor.Name, out var piece) || !piece.Shape.SequenceEqual(tensor.Shape) || !tensor.DType.IsFloat())
            {
                throw new InvalidInputException(file.Path, null, $"the tensor '{tensor.Name}' [{string.Join(", ", tensor.Shape)}] does not fit the model and {PeftFiles.ConfigFile}; adapters go on the linear modules of the layers: {Known(model)}");
            }

            using var scope = NewDisposeScope();
            var stored = empty([.. tensor.Shape], StoredParameters.TorchType(tensor.DType));
            tensor.Bytes.CopyTo(stored.bytes);
            adapters.Parameters.Master.narrow(0, piece.Offset, piece.Length).copy_(stored.flatten());
        }

        return pieces.Count == 0
            ? adapters.Activate(trainable)
            : throw new InvalidInputException(file.Path, null, $"lacks '{pieces.Keys.First()}', which {PeftFiles.ConfigFile} asks for");
    }

    /// <summary>Writes PEFT's two files into an existing folder.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="baseModel">What PEFT should call the base model, or null.</param>
    public void Save(string folder, string? baseModel = null)
    {
        PeftFiles.WriteConfig(folder, Configuration, baseModel, model.Spec);
        var pieces = Parameters.Layout.Pieces.OrderBy(p => p.Name, StringComparer.Ordinal).ToList();
        using var writer = SafetensorsWriter.Create(Path.Combine(folder, PeftFiles.WeightFile), [.. pieces.Select(p => new TensorDeclaration(PeftFiles.Prefix + p.Name, DType.F32, p.Shape))]);
        foreach (var piece in pieces)
        {
            using var scope = NewDisposeScope();
            writer.Write(PeftFiles.Prefix + piece.Name, Parameters.View(piece).cpu().contiguous().bytes);
        }

        writer.Finish();
    }

    /// <summary>Adds the adapters into the model's own weights and takes them off: the model computes the same without them, up to rounding.</summary>
    public void Merge()
    {
        using (no_grad())
        {
            var weights = Parameters.Bind();
            foreach (var (projection, adapted) in modules)
            {
                foreach (var module in adapted.OfType<LoraModule>())
                {
                    using var scope = NewDisposeScope();
                    var target = MatrixOf(projection, module with { First = 0 }, model.Parameters.View(model.Parameters.Piece($"{module.Name}.weight")));
                    Tensor a = weights[module.A].to(ScalarType.Float32), b = weights[module.B].to(ScalarType.Float32);
                    var merged = target.to(ScalarType.Float32) + (b.mm(a) * module.Scale);
                    if (module.Magnitude is { } slot)
                    {
                        merged = merged * (weights[slot].to(ScalarType.Float32) / Norms(target, a, b, module.Scale)).unsqueeze(1);
                    }

                    target.copy_(merged);
                }
            }

            if (scoreSlot is { } score)
            {
                using var scope = NewDisposeScope();
                model.Parameters.View(model.Parameters.Piece(Decoder.ScoreName)).copy_(weights[score]);
            }
        }

        model.Parameters.Changed();
        Detach();
    }

    /// <summary>Takes the adapters off the model, whose weights are as they were.</summary>
    public void Detach()
    {
        if (ReferenceEquals(model.Adapters, this))
        {
            model.Adapters = null;
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        Detach();
        Parameters.Dispose();
    }

    internal AdapterPass Begin(Generator? dropout) => new(modules, Parameters.Bind(), Configuration.Dropout, dropout, scoreSlot);

    /// <summary>The module's part of its projection's matrix as [out, in]: a view.</summary>
    internal static Tensor MatrixOf(Projection projection, LoraModule module, Tensor weight) =>
        projection.InputMajor ? weight.narrow(1, module.First, module.Outputs).t() : weight.narrow(0, module.First, module.Outputs);

    /// <summary>Length of each row of W + s B A, [out] float32; a constant for the gradient, as DoRA's section 4.3 has it.</summary>
    internal static Tensor Norms(Tensor matrix, Tensor a, Tensor b, double scale)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var whole = matrix.to(ScalarType.Float32) + (b.to(ScalarType.Float32).mm(a.to(ScalarType.Float32)) * scale);
        return whole.square().sum(1).sqrt().MoveToOuterDisposeScope();
    }

    private static LoraAdapters Build(CausalLanguageModel model, LoraConfiguration configuration)
    {
        var layout = new ParameterLayout();
        var found = new Dictionary<Projection, LoraModule?[]>();
        foreach (var projection in model.Decoder.Projections)
        {
            var first = 0L;
            var adapted = new LoraModule?[projection.Modules.Length];
            for (var i = 0; i < adapted.Length; i++)
            {
                var (name, outputs) = (projection.Modules[i], projection.Outputs[i]);
                if (configuration.Targets(name))
                {
                    var rank = configuration.RankOf(name);
                    adapted[i] = new LoraModule(
                        name,
                        layout.Add(name + PeftFiles.A, ParameterKind.Adapter, rank, projection.Inputs),
                        layout.Add(name + PeftFiles.B, ParameterKind.Adapter, outputs, rank),
                        configuration.UseDora ? layout.Add(name + PeftFiles.Magnitude, ParameterKind.Magnitude, outputs) : null,
                        first,
                        outputs,
                        configuration.ScaleOf(name));
                }

                first += outputs;
            }

            if (Array.Exists(adapted, m => m is not null))
            {
                found.Add(projection, adapted);
            }
        }

        if (found.Count == 0)
        {
            throw new InvalidInputException($"lora: no module matches target_modules {string.Join(", ", configuration.TargetModules)}; the model has {Known(model)}");
        }

        // A new head must train, or the adapters would serve random numbers: PEFT's modules_to_save, as TRL asks for.
        int? score = model.Spec.HasScoreHead ? layout.Add(Decoder.ScoreName, ParameterKind.Projection, 1, model.Spec.HiddenSize) : null;
        return new LoraAdapters(model, configuration, found, layout, score);
    }

    // PEFT lets a list hold names that match nothing, and adapters of others may; in a training that is a slip of the pen.
    private static void RefuseIdleTargets(CausalLanguageModel model, LoraConfiguration configuration)
    {
        var known = model.Decoder.Projections.SelectMany(p => p.Modules).ToList();
        var idle = AdapterNames.IsExpression(configuration.TargetModules)
            ? null
            : configuration.TargetModules.FirstOrDefault(t => t != LoraConfiguration.AllLinear && !known.Exists(m => AdapterNames.Ends(m, t)));
        if (idle is not null)
        {
            throw new InvalidInputException($"lora: the target module '{idle}' matches nothing that can be adapted; the model has {Known(model)}");
        }
    }

    private static string Known(CausalLanguageModel model) =>
        string.Join(", ", model.Decoder.Projections.SelectMany(p => p.Modules).Select(m => m[(m.LastIndexOf('.') + 1)..]).Distinct());

    private void Start(Generator generator)
    {
        if (scoreSlot is not null)
        {
            using var scope = NewDisposeScope();
            Parameters.View(Parameters.Piece(Decoder.ScoreName)).copy_(model.Parameters.View(model.Parameters.Piece(Decoder.ScoreName)));
        }

        foreach (var (projection, adapted) in modules)
        {
            foreach (var module in adapted.OfType<LoraModule>())
            {
                using var scope = NewDisposeScope();
                var a = Parameters.View(Parameters.Piece(module.Name + PeftFiles.A));
                var bound = 1 / Math.Sqrt(projection.Inputs); // kaiming_uniform with a = sqrt(5)
                a.copy_((rand(a.shape, ScalarType.Float32, CPU, generator: generator) * (2 * bound)) - bound);
                if (module.Magnitude is not null)
                {
                    var matrix = MatrixOf(projection, module with { First = 0 }, model.Parameters.View(model.Parameters.Piece($"{module.Name}.weight")));
                    Parameters.View(Parameters.Piece(module.Name + PeftFiles.Magnitude)).copy_(matrix.to(ScalarType.Float32).square().sum(1).sqrt());
                }
            }
        }
    }

    private LoraAdapters Activate(bool trainable)
    {
        if (model.Adapters is not null)
        {
            throw new InvalidOperationException("the model has adapters already; merge or detach them first");
        }

        model.Parameters.Trainable = false;
        Parameters.Trainable = trainable;
        model.Adapters = this;
        return this;
    }
}
