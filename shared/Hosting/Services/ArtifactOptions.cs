using System.ComponentModel.DataAnnotations;

namespace LamdAgent.Hosting.Services;

/// <summary>Where artifacts lie. Section <c>Artifacts</c>; environment variable <c>Artifacts__Folder</c>.</summary>
public sealed class ArtifactOptions
{
    /// <summary>Section of the configuration that these options are read from.</summary>
    public const string Section = "Artifacts";

    /// <summary>A folder that all services see under the same path: a shared volume. Starting models and datasets of submitted specs must be readable there too.</summary>
    /// <value>Default <c>/artifacts</c>.</value>
    [Required(AllowEmptyStrings = false)]
    public string Folder { get; set; } = "/artifacts";
}
