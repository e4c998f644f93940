using System.ComponentModel.DataAnnotations;

namespace LamdAgent.Hosting.Services;

/// <summary>Where the run store is. Section <c>Store</c>; environment variables <c>Store__Url</c> and <c>Store__Database</c>.</summary>
public sealed class StoreOptions
{
    /// <summary>Section of the configuration that these options are read from.</summary>
    public const string Section = "Store";

    /// <summary><c>mongodb://user:password@host:27017/?replicaSet=rs0</c>, or <c>sqlite:/path/run.db</c> for services that share one machine.</summary>
    /// <value>No default: a password has none.</value>
    [Required(AllowEmptyStrings = false, ErrorMessage = "Store:Url (environment variable Store__Url) must name the store: mongodb://user:password@host:27017/?replicaSet=rs0")]
    [RegularExpression("(mongodb|mongodb\\+srv)://.+|sqlite:.+", ErrorMessage = "Store:Url (environment variable Store__Url) must begin with mongodb://, mongodb+srv:// or sqlite:")]
    public string Url { get; set; } = "";

    /// <summary>Name of the MongoDB database.</summary>
    /// <value>Default <c>lamdagent</c>.</value>
    [Required(AllowEmptyStrings = false)]
    public string Database { get; set; } = "lamdagent";
}
