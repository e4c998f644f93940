namespace LamdAgent.Checkpoints;

/// <summary>
/// The LoRA adapter that a model may carry in PEFT's layout under <c>adapter/</c>: what was trained on top of its one parent. The model's own weights hold the same change, rounded to
/// their type; merges that work on changes read it from here. It lies in a folder of its own because loaders take an <c>adapter_config.json</c> beside weights for an adapter without any.
/// </summary>
public static class CarriedAdapter
{
    /// <summary>Name of the folder within the model's.</summary>
    public const string FolderName = "adapter";

    /// <summary>Name of the adapter's settings, as PEFT has it.</summary>
    public const string ConfigFile = "adapter_config.json";

    /// <summary>The adapter's folder, or null when the model carries none.</summary>
    public static string? Find(string modelFolder) =>
        Path.Combine(modelFolder, FolderName) is var folder && File.Exists(Path.Combine(folder, ConfigFile)) ? folder : null;

    /// <summary>Names of a model folder's files, those of an adapter that it carries as <c>adapter/NAME</c>.</summary>
    public static IReadOnlyList<string> FilesOf(string modelFolder) =>
    [
        .. Directory.EnumerateFiles(modelFolder).Select(file => Path.GetFileName(file)),
        .. Find(modelFolder) is { } adapter ? Directory.EnumerateFiles(adapter).Select(file => $"{FolderName}/{Path.GetFileName(file)}") : [],
    ];
}
