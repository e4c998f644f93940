using LamdAgent.Merging.Sources;

namespace LamdAgent.Merging.Planning;

/// <summary>Brings the embeddings of several models to one vocabulary, row by row.</summary>
internal abstract class TokenAlignment
{
    /// <summary>A model's embedding or output layer with its rows in the order of the output's vocabulary.</summary>
    /// <param name="model">The model.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="own">Its own version.</param>
    /// <param name="ofModel">Other models' versions, for tokens that it lacks.</param>
    public abstract TensorSource Apply(ModelReference model, string name, TensorSource own, Func<ModelReference, TensorSource?> ofModel);
}
